// Quantities as people write them on a command line: the unit is always there, never guessed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/expected.h"
#include "weir/base/time.h"

namespace weir::lab {

/// "20ms", "1.5s", "250us", "2m", "1h". Zero is allowed, negative and unit-less values are errors.
Expected<Duration> parse_duration(std::string_view text);

/// "400/s", "30/m", "2/h", as events a second. Zero is allowed.
Expected<double> parse_rate(std::string_view text);

/// "50%" as 0.5. Range 0 to 100 %.
Expected<double> parse_ratio(std::string_view text);

/// "10x" as 10. Range above 0 to 1,000,000.
Expected<double> parse_factor(std::string_view text);

/// "512B", "64KiB", "1MiB", "1kB", "1MB" in bytes.
Expected<uint64_t> parse_size(std::string_view text);

/// Three significant digits and the unit that keeps them short: "850 µs", "20.4 ms", "1.20 s".
std::string format_duration(Duration value);

/// An error of kind kUsage in one sentence, with what to write instead.
tl::unexpected<Error> usage_error(std::string message, std::string remedy = {});

}  // namespace weir::lab
