#include "options.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace weir::cli {
namespace {

struct Unit {
  std::string_view name;
  double nanos;
};

// Longest first within a family, so that formatting picks the largest unit that stays exact.
constexpr Unit kUnits[] = {{"h", 3.6e12}, {"m", 6e10}, {"s", 1e9},
                           {"ms", 1e6},   {"us", 1e3}, {"ns", 1}};

Unexpected<Error> bad_duration(std::string_view text) {
  return Unexpected<Error>(Error{ErrorKind::kUsage,
                                 "'" + std::string(text) + "' is not a length of time",
                                 "write a number with a unit: us, ms, s, m or h, as in 80ms"});
}

}  // namespace

CLI::App& add_verb(CLI::App& parent, const std::string& name, const std::string& description,
                   std::initializer_list<const char*> examples) {
  CLI::App* verb = parent.add_subcommand(name, description);
  std::string footer = "Examples:";
  for (const char* example : examples) footer += std::string("\n  ") + example;
  verb->footer(footer);
  return *verb;
}

Expected<Duration> parse_duration(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double number = std::strtod(copy.c_str(), &end);
  const std::string_view unit =
      std::string_view(copy).substr(static_cast<size_t>(end - copy.c_str()));
  const bool digits_first = !copy.empty() && copy[0] >= '0' && copy[0] <= '9';
  if (!digits_first || !std::isfinite(number)) return bad_duration(text);
  if (unit.empty() && number == 0) return Duration::zero();
  for (const Unit& candidate : kUnits) {
    if (unit != candidate.name) continue;
    const double nanos = number * candidate.nanos;
    if (nanos >= static_cast<double>(Duration::max().count())) return bad_duration(text);
    return Duration(static_cast<int64_t>(std::llround(nanos)));
  }
  return bad_duration(text);
}

std::string format_duration(Duration value) {
  const auto nanos = static_cast<double>(value.count());
  for (const Unit& unit : kUnits) {
    const double tenths = nanos / unit.nanos * 10;
    if (nanos < unit.nanos || tenths != std::floor(tenths)) continue;
    char text[64];
    std::snprintf(text, sizeof text, "%.15g%.*s", nanos / unit.nanos,
                  static_cast<int>(unit.name.size()), unit.name.data());
    return text;
  }
  return "0";
}

CLI::Option* add_duration(CLI::App& verb, const std::string& flags, Duration& value,
                          const std::string& description) {
  const auto parse = [&value](const CLI::results_t& results) {
    const auto parsed = parse_duration(results.front());
    if (!parsed) throw CLI::ValidationError(parsed.error().message + "; " + parsed.error().remedy);
    value = *parsed;
    return true;
  };
  CLI::Option* option = verb.add_option(flags, parse, description);
  return option->type_name("TIME")->default_str(format_duration(value));
}

int fail(const Error& error) {
  std::fprintf(stderr, "weir: %s\n", error.message.c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "  %s\n", error.remedy.c_str());
  return exit_code(error.kind);
}

}  // namespace weir::cli
