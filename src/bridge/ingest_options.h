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
  /// Requests whose records are on their way to Kafka: bounds of the adaptive limit; equal ones
  /// switch it off. With fewer than three the way to Kafka stands empty between two requests.
  uint32_t in_flight_min = 3;
  uint32_t in_flight_max = 10'000;
  ClientSettings client;
};

}  // namespace weir::bridge
