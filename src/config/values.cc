#include "config/values.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <span>

namespace weir::config {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array kTimes = {Unit{"ns", 1},  Unit{"us", 1e3}, Unit{"ms", 1e6},
                               Unit{"s", 1e9}, Unit{"m", 60e9}, Unit{"h", 3600e9}};
constexpr std::array kSizes = {Unit{"B", 1},           Unit{"kB", 1e3},   Unit{"MB", 1e6},
                               Unit{"GB", 1e9},        Unit{"KiB", 1024}, Unit{"MiB", 1048576},
                               Unit{"GiB", 1073741824}};
// Below the range of the integers it is turned into.
constexpr double kMax = 9e18;

// A plain decimal number, at least one digit first, and what follows it.
std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

std::optional<double> with_unit(std::string_view text, std::span<const Unit> units) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  for (const Unit& unit : units)
    if (text == unit.name && *number * unit.factor < kMax) return *number * unit.factor;
  return std::nullopt;
}

// In the largest unit that leaves a whole number.
std::string shortest(double value, std::span<const Unit> units) {
  for (size_t i = units.size(); i-- > 1;) {
    const double count = value / units[i].factor;
    if (count >= 1 && count == std::floor(count))
      return format_number(count) + std::string(units[i].name);
  }
  if (value == 0 && units.data() == kTimes.data()) return "0s";
  return format_number(value) + std::string(units.front().name);
}

}  // namespace

std::string format_number(double number) {
  std::array<char, 32> text;
  const int size = std::snprintf(text.data(), text.size(), "%.10g", number);
  return {text.data(), static_cast<size_t>(size)};
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto nanos = with_unit(text, kTimes);
  if (!nanos) return std::nullopt;
  return Duration(std::llround(*nanos));
}

std::optional<size_t> parse_size(std::string_view text) {
  const auto bytes = with_unit(text, kSizes);
  if (!bytes) return std::nullopt;
  return static_cast<size_t>(std::llround(*bytes));
}

std::optional<double> parse_percent(std::string_view text) {
  const auto number = take_number(text);
  if (!number || text != "%" || *number > 100) return std::nullopt;
  return *number / 100;
}

std::optional<double> parse_number(std::string_view text) {
  const auto number = take_number(text);
  return text.empty() ? number : std::nullopt;
}

std::optional<double> parse_rate(std::string_view text) {
  const auto number = take_number(text);
  if (!number || *number > kMax) return std::nullopt;
  if (text == "/s") return *number;
  if (text == "/m") return *number / 60;
  if (text == "/h") return *number / 3600;
  return std::nullopt;
}

std::string format_duration(Duration value) {
  return shortest(static_cast<double>(value.count()), kTimes);
}

std::string format_size(size_t value) {
  constexpr std::array kBinary = {Unit{"B", 1}, Unit{"KiB", 1024}, Unit{"MiB", 1048576},
                                  Unit{"GiB", 1073741824}};
  return shortest(static_cast<double>(value), kBinary);
}

std::string format_percent(double ratio) {
  return format_number(ratio * 100) + "%";
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace weir::config
