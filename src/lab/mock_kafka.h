// MockKafka: a Kafka inside this process, for trying things out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weir/base/expected.h"

namespace weir::lab {

/// librdkafka's mock cluster: a broker that speaks the protocol on a loopback port, keeps its
/// records in memory (the newest 5 MiB or 100,000 records of a partition), and knows groups but no
/// administration: topics are made here. Any Kafka client may use it. Not thread-safe.
class MockKafka {
 public:
  /// Errors: kInternal.
  static Expected<std::unique_ptr<MockKafka>> make();
  ~MockKafka();

  /// HOST:PORT for clients.
  std::string bootstrap() const;

  /// Errors: kUsage for a name that exists, or a number of partitions below 1.
  Expected<void> create_topic(const std::string& name, int partitions);

  /// Writes a record; false when too many are under way, see poll().
  bool produce(const std::string& topic, std::string_view key, std::string_view value);
  /// Takes in what became of them. Never blocks.
  void poll();
  /// Records that are in the topic.
  uint64_t durable() const;
  /// Records that could not be written.
  uint64_t failed() const;

 private:
  struct Impl;
  explicit MockKafka(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::lab
