// Finding the next byte that matters, 16 bytes at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::http {

/// Index at or after `from` of the first control character other than tab (0x00–0x08, 0x0A–0x1F,
/// 0x7F), else bytes.size(). In a well-formed head that is the CR that ends the line.
size_t find_control(std::string_view bytes, size_t from) noexcept;

/// Index at or after `from` of the first byte that may not stand in a request target: anything but
/// 0x21–0x7E, and '#', which a client must not send; else bytes.size().
size_t find_target_end(std::string_view bytes, size_t from) noexcept;

/// Index of the first colon of `bytes`, else bytes.size(). Fast for a colon among the first 32
/// bytes, where header names end.
size_t find_colon(std::string_view bytes) noexcept;

}  // namespace weir::http
