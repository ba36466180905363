#include "lab/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

namespace weir::lab {
namespace {

struct Unit {
  std::string_view name;
  double scale;
};

struct Quantity {
  double number = 0;
  std::string_view unit;
};

/// Splits "1.5s" into 1.5 and "s". Nothing if it does not begin with a plain non-negative number.
std::optional<Quantity> split(std::string_view text) {
  Quantity quantity;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quantity.number,
                                            std::chars_format::fixed);
  if (error != std::errc() || std::signbit(quantity.number) || !std::isfinite(quantity.number)) {
    return std::nullopt;
  }
  quantity.unit = text.substr(static_cast<size_t>(end - text.data()));
  return quantity;
}

template <size_t N>
Expected<double> scaled(std::string_view text, const std::array<Unit, N>& units, const char* what,
                        const char* example) {
  if (const auto quantity = split(text)) {
    for (const Unit& unit : units) {
      if (unit.name == quantity->unit) return quantity->number * unit.scale;
    }
  }
  return usage_error("'" + std::string(text) + "' is not " + what,
                     std::string("write it like ") + example);
}

constexpr std::array<Unit, 6> kDurations{
    {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}}};
constexpr std::array<Unit, 3> kRates{{{"/s", 1}, {"/m", 1.0 / 60}, {"/h", 1.0 / 3600}}};
constexpr std::array<Unit, 1> kRatios{{{"%", 0.01}}};
constexpr std::array<Unit, 1> kFactors{{{"x", 1}}};
constexpr std::array<Unit, 7> kSizes{{{"B", 1},
                                      {"kB", 1e3},
                                      {"MB", 1e6},
                                      {"GB", 1e9},
                                      {"KiB", 1024},
                                      {"MiB", 1024.0 * 1024},
                                      {"GiB", 1024.0 * 1024 * 1024}}};

}  // namespace

tl::unexpected<Error> usage_error(std::string message, std::string remedy) {
  return tl::unexpected(Error{ErrorKind::kUsage, std::move(message), std::move(remedy)});
}

Expected<Duration> parse_duration(std::string_view text) {
  return scaled(text, kDurations, "a duration", "20ms, 1.5s or 2m").map(from_seconds);
}

Expected<double> parse_rate(std::string_view text) {
  return scaled(text, kRates, "a rate", "400/s or 30/m");
}

Expected<double> parse_ratio(std::string_view text) {
  auto ratio = scaled(text, kRatios, "a share", "50%");
  if (ratio && *ratio > 1) return usage_error("'" + std::string(text) + "' is more than 100%");
  return ratio;
}

Expected<double> parse_factor(std::string_view text) {
  constexpr double kFactorMax = 1e6;
  auto factor = scaled(text, kFactors, "a factor", "10x");
  if (factor && (*factor <= 0 || *factor > kFactorMax)) {
    return usage_error("'" + std::string(text) + "' is out of range",
                       "a factor is above 0 and at most 1000000x");
  }
  return factor;
}

Expected<uint64_t> parse_size(std::string_view text) {
  constexpr double kSizeMax = 1024.0 * 1024 * 1024 * 1024;
  auto size = scaled(text, kSizes, "a size", "512B, 64KiB or 1MiB");
  if (!size) return tl::unexpected(size.error());
  if (*size > kSizeMax) return usage_error("'" + std::string(text) + "' is more than 1024GiB");
  return static_cast<uint64_t>(*size);
}

std::string format_duration(Duration value) {
  const double seconds = to_seconds(value);
  double shown = seconds;
  const char* unit = "s";
  if (seconds < 0.9995e-3) {
    shown = seconds * 1e6;
    unit = "µs";
  } else if (seconds < 0.9995) {
    shown = seconds * 1e3;
    unit = "ms";
  }
  const int decimals = shown < 9.995 ? 2 : shown < 99.95 ? 1 : 0;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %s", decimals, shown, unit);
  return text;
}

}  // namespace weir::lab
