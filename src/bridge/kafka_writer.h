// KafkaWriter: records into topics, each with a report that it is durable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/rdkafka.h"
#include "bridge/record.h"

namespace weir::bridge {

/// The end of one write. `error` is empty when the record is durable on all in-sync replicas.
struct WriteReport {
  void* tag = nullptr;  ///< as given to write()
  int32_t partition = -1;
  int64_t offset = -1;
  std::string error;
  bool too_large = false;  ///< the broker or the client refuses its size
};

class WriteSink {
 public:
  virtual void written(const WriteReport& report) = 0;

 protected:
  ~WriteSink() = default;
};

/// What to write; borrows everything until write() returns.
struct Write {
  const std::string* topic = nullptr;
  int32_t partition = RD_KAFKA_PARTITION_UA;  ///< by default chosen by the key's hash
  const Record* record = nullptr;             ///< key, value, timestamp, headers
  const std::vector<Record::Header>* more_headers = nullptr;
};

enum class WriteStart : uint8_t { kStarted, kQueueFull, kTooLarge, kFailed };

/// An idempotent producer on one loop: no duplicates and no reordering by its own retries. Belongs
/// to the loop's thread.
class KafkaWriter {
 public:
  struct Options {
    std::string brokers;
    ClientSettings client;
    size_t bytes_max = 32 << 20;  ///< of records that are not durable yet
    Duration timeout = std::chrono::seconds(30);
    Duration linger = std::chrono::milliseconds(2);
  };

  /// Errors: kConfig.
  static Expected<std::unique_ptr<KafkaWriter>> make(net::EventLoop& loop, const Options& options,
                                                     WriteSink& sink);
  ~KafkaWriter();

  /// Begins a write; its report comes to the sink, later, if it was started.
  WriteStart write(const Write& write, void* tag);

  /// No wake-up reaches the loop any more. Let the loop turn once before destroying this.
  void detach() noexcept { QueueWaker::unwatch(queue_.get()); }

  /// Writes begun and not reported.
  size_t pending() const noexcept { return pending_; }
  rd_kafka_t* handle() const noexcept { return handle_.get(); }

 private:
  KafkaWriter(net::EventLoop& loop, KafkaHandle handle, WriteSink& sink);
  void poll();
  void report(const rd_kafka_message_t& message);

  WriteSink& sink_;
  QueueWaker waker_;
  KafkaHandle handle_;
  KafkaQueue queue_;
  size_t pending_ = 0;
};

}  // namespace weir::bridge
