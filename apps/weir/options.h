// What the verbs share: how options are declared, how failures are told.
#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

#include "weir/base/expected.h"
#include "weir/base/time.h"

namespace weir::cli {

/// Adds a verb with one line of description and examples for its help. The reference stays valid as
/// long as `parent`.
CLI::App& add_verb(CLI::App& parent, const std::string& name, const std::string& description,
                   std::initializer_list<const char*> examples);

/// A length of time with its unit: "250us", "80ms", "1.5s", "2m", "1h". The unit is mandatory,
/// since a bare number is read as seconds by half of the people and as milliseconds by the other
/// half. "0" is zero in any unit. Negative, non-finite and unrepresentable values are errors
/// (kUsage).
Expected<Duration> parse_duration(std::string_view text);

/// An option that takes a length of time; shows its present value as the default.
CLI::Option* add_duration(CLI::App& verb, const std::string& flags, Duration& value,
                          const std::string& description);

/// The shortest exact way to write a duration, for help texts: "1.5s", "80ms".
std::string format_duration(Duration value);

/// Prints the failure and what to do about it on stderr; gives the exit code that fits.
int fail(const Error& error);

}  // namespace weir::cli
