// The configuration file of `weir run`.
#pragma once

#include <string>

#include "config/readers.h"
#include "proxy/options.h"
#include "weir/base/expected.h"

namespace weir::proxy {

struct ConfigFile {
  Options options;
  std::string admin;  ///< where the admin address listens
  std::string
      warnings;  ///< "FILE:LINE:COLUMN: warning: …" with the lines; empty when there are none
};

/// Reads the text of a file called `name`. Errors: kConfig; the message holds every mistake and
/// every warning as "file:line:column: error: …" with its line.
Expected<ConfigFile> parse_config(const std::string& name, const std::string& text);

/// The same from disk. Errors: also kUnavailable when the file cannot be read.
Expected<ConfigFile> load_config(const std::string& path);

/// The JSON schema of the file, and a row for each of its keys, made from the tables that read it.
std::string config_schema();
config::Rows config_rows();

}  // namespace weir::proxy
