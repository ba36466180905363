// What `weir proxy` and `weir run` do once they know their options.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "options.h"
#include "proxy/options.h"

namespace weir::cli {

/// How a proxy is looked into.
struct Serving {
  std::string admin = "127.0.0.1:9901";
  /// Names, besides localhost and addresses in digits, by which browsers may reach it.
  std::vector<std::string> host_names;
  std::string warnings;  ///< of the configuration; logged
  std::string otlp;      ///< the collector's URL; empty: nothing is pushed
  bool access_log = false;
};

/// The flags that both verbs have.
void add_serving(CLI::App& verb, Serving& serving);

/// Serves until a signal ends it; gives the exit code.
int serve(const proxy::Options& options, const Serving& serving);

/// The options that ask for a recording.
void add_record(CLI::App& verb, proxy::RecorderOptions& record);

}  // namespace weir::cli
