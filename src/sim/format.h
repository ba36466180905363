// How the simulator writes numbers for people.
#pragma once

#include <string>

namespace weir::sim {

/// "14.2 ms", "1.25 s", "320 us"; "0 s".
std::string format_time(double seconds);

/// "2 s"; "at once", "never" for infinity.
std::string format_recovery(double seconds);

/// "99.97 %", "100 %", of a share.
std::string format_percent(double share);

/// Three or four significant digits: "0.0123", "12.3", "1,234,567".
std::string format_number(double value);

}  // namespace weir::sim
