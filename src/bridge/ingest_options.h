// What an ingest can be told.
#pragma once

#include <string>

#include "bridge/options.h"

namespace weir::bridge {

struct IngestOptions {
  std::string listen;  ///< HOST:PORT or unix:/path
  std::string path = "/";
  std::string brokers;
  std::string topic;
  size_t memory_max = 32 << 20;                 ///< of records that are not durable yet, in bytes
  size_t record_bytes_max = 1000000;            ///< beyond: 413; brokers take 1 MiB by default
  Duration timeout = std::chrono::seconds(10);  ///< for a record to become durable; then 503
  ClientSettings client;
};

}  // namespace weir::bridge
