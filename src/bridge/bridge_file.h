// The configuration file of `weir bridge`.
#pragma once

#include <string>
#include <vector>

#include "bridge/ingest_options.h"
#include "bridge/options.h"
#include "weir/base/expected.h"

namespace weir::bridge {

struct BridgeFile {
  std::string admin = "127.0.0.1:9901";
  std::vector<BridgeOptions> bridges;
  std::vector<IngestOptions> ingests;
};

/// Reads text in the form of WIRE's configuration: version, listen.admin, upstreams, kafka. Errors:
/// kConfig; the message holds every mistake as "file:line:column: error: …" with its line.
Expected<BridgeFile> parse_bridge_file(const std::string& name, const std::string& text);

/// The same from disk. Errors: also kUnavailable when the file cannot be read.
Expected<BridgeFile> load_bridge_file(const std::string& path);

/// The JSON schema of the file, made from the tables that parse it.
std::string bridge_file_schema();

}  // namespace weir::bridge
