// printf into a string, for short texts with figures in them.
#pragma once

#include <string>

namespace weir::lab {

/// At most 511 bytes; what is longer is cut.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

}  // namespace weir::lab
