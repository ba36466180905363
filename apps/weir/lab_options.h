// How the verbs of the lab declare options whose values carry a unit.
#pragma once

#include <string>

#include "options.h"

namespace weir::cli {

/// An option, given once, read by `parse` (text to Expected<T>).
template <typename T, typename Parse>
CLI::Option* add_parsed(CLI::App& verb, const std::string& flags, T& value, Parse parse,
                        const std::string& type, const std::string& description) {
  const auto read = [&value, parse](const CLI::results_t& results) {
    const auto parsed = parse(results.front());
    if (!parsed) throw CLI::ValidationError(parsed.error().message + "; " + parsed.error().remedy);
    value = *parsed;
    return true;
  };
  return verb.add_option(flags, read, description)->type_name(type);
}

}  // namespace weir::cli
