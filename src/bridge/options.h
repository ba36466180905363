// What a bridge can be told. Defaults are for a service that takes single records over HTTP.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bridge/key_lanes.h"
#include "bridge/retry_router.h"
#include "weir/policy/criticality.h"

namespace weir::bridge {

/// Settings that go to librdkafka as they are: TLS, SASL and whatever else it knows.
using ClientSettings = std::map<std::string, std::string>;

/// Where a group without a commit begins.
enum class Start : uint8_t { kEarliest, kLatest };

struct ConsumeOptions {
  std::string brokers;  ///< host:port, comma separated
  std::string topic;
  std::string group;
  Ordering ordering = Ordering::kKey;
  Start start = Start::kEarliest;
  /// All records held: in librdkafka's queues, waiting, in flight, retried. Bytes. Beyond it lie
  /// one fetch response a broker (fetch_bytes_max) and the process itself.
  size_t memory_max = 128 << 20;
  Duration commit_interval = std::chrono::milliseconds(100);
  /// How long a rebalance or the shutdown waits for what is in flight.
  Duration drain_max = std::chrono::seconds(10);
  ClientSettings client;
};

/// How the service is spoken to.
enum class Protocol : uint8_t {
  kHttp1,  ///< a connection for each record in flight
  kHttp2,  ///< prior knowledge; many records on one connection
  kGrpc,   ///< a unary call for each record; its value is the message
};

struct DeliverOptions {
  std::vector<std::string> to;  ///< http://host:port, taken in turn
  Protocol protocol = Protocol::kHttp1;
  std::string path = "/";                       ///< of gRPC: /package.Service/Method
  Duration timeout = std::chrono::seconds(30);  ///< for each delivery, from sending to the answer
  Criticality priority = Criticality::kSheddablePlus;
  uint32_t in_flight_min = 1;
  uint32_t in_flight_max = 1000;
  std::string law = "elastic";  ///< in_flight_min = in_flight_max switches it off
  RetryOptions retry;
  std::string dead_letter;  ///< the topic's name; empty: <topic>.dlq
};

struct BridgeOptions {
  ConsumeOptions consume;
  DeliverOptions deliver;

  std::string dead_letter_topic() const {
    return deliver.dead_letter.empty() ? consume.topic + ".dlq" : deliver.dead_letter;
  }
  /// "<topic>.retry.1" for tier 1; the topic itself for 0.
  std::string tier_topic(int tier) const {
    return tier == 0 ? consume.topic : consume.topic + ".retry." + std::to_string(tier);
  }
  int tier_count() const {
    if (consume.ordering == Ordering::kPartition) return 0;
    return static_cast<int>(deliver.retry.tiers.size());
  }
};

}  // namespace weir::bridge
