// What consumers and producers can be told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weir/base/time.h"

namespace weir::kafka {

/// Settings that go to librdkafka as they are: TLS, SASL and whatever else it knows. They win over
/// what this library sets.
using Settings = std::map<std::string, std::string>;

/// What a record means that is destroyed without an acknowledgement while its flow goes on.
enum class Dropped : uint8_t {
  kFails,   ///< a mistake: the flow ends with an error, and the record comes again
  kCounts,  ///< an intention, as behind filter(): the record counts as done
};

struct ConsumeOptions {
  std::string brokers{};  ///< HOST:PORT, comma separated
  std::vector<std::string> topics{};
  std::string group{};
  bool from_beginning = true;  ///< where a group without a commit begins; else at the end
  /// Bytes of the records that are with the subscriber and not acknowledged: beyond it nothing is
  /// emitted, whatever was requested. Exceeded by less than one record.
  size_t bytes_max = 16 << 20;
  /// Bytes that librdkafka fetches ahead for each partition, at least 64 KiB; beyond it lies one
  /// fetch response.
  size_t prefetch_bytes_max = 1 << 20;
  Duration commit_interval = std::chrono::milliseconds(500);
  /// How long a rebalance, a cancel or the destructor waits for what is not acknowledged.
  Duration drain_max = std::chrono::seconds(5);
  Dropped dropped = Dropped::kFails;
  Settings settings{};
};

struct ProduceOptions {
  std::string brokers{};  ///< HOST:PORT, comma separated
  /// Bytes of messages that are not durable yet, of one sink: beyond it nothing is requested.
  /// Exceeded by less than one message.
  size_t bytes_max = 16 << 20;
  Duration linger = std::chrono::milliseconds(2);
  Duration timeout = std::chrono::seconds(30);  ///< for a message to become durable
  Settings settings{};
};

}  // namespace weir::kafka
