// What `weir proxy` and `weir run` do once they know their options.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "proxy/options.h"

namespace weir::cli {

/// Serves until a signal ends it; gives the exit code. `warnings` are logged.
int serve(const proxy::Options& options, const std::string& admin_address,
          const std::string& warnings);

/// The options that ask for a recording.
void add_record(CLI::App& verb, proxy::RecorderOptions& record);

}  // namespace weir::cli
