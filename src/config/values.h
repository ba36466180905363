// Values as people write them in a configuration. Units are mandatory: a bare number is seconds to
// one reader and milliseconds to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/time.h"

namespace weir::config {

/// "250us", "100ms", "1.5s", "2m", "1h"; "0s" but not "0". Not negative.
std::optional<Duration> parse_duration(std::string_view text);

/// "64KiB", "1MiB", "2GiB", "512B", "1kB", "1MB", "1GB". Not negative.
std::optional<size_t> parse_size(std::string_view text);

/// "50%" as 0.5; 0 to 100 %.
std::optional<double> parse_percent(std::string_view text);

/// "0.5", "12"; not negative, without an exponent.
std::optional<double> parse_number(std::string_view text);

/// "3200/s", "90/m", "1.5/h" as a number a second. Not negative.
std::optional<double> parse_rate(std::string_view text);

/// Decimal digits, with a sign if it is negative.
std::optional<int64_t> parse_integer(std::string_view text);

// The shortest exact way to write a value, for the reference.
std::string format_duration(Duration value);
std::string format_size(size_t value);
std::string format_percent(double ratio);
std::string format_number(double value);

// Patterns of the above for the JSON schema.
inline constexpr const char* kDurationPattern = R"(^[0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h)$)";
inline constexpr const char* kSizePattern = R"(^[0-9]+(\.[0-9]+)?(B|kB|MB|GB|KiB|MiB|GiB)$)";
inline constexpr const char* kPercentPattern = R"(^[0-9]+(\.[0-9]+)?%$)";
inline constexpr const char* kRatePattern = R"(^[0-9]+(\.[0-9]+)?/(s|m|h)$)";

}  // namespace weir::config
