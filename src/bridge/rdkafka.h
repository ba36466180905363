// librdkafka's handles, owned; and its errors, told.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

#include "bridge/options.h"
#include "net/event_loop.h"
#include "weir/base/expected.h"

namespace weir::bridge {

template <auto Destroy>
struct KafkaDelete {
  template <typename T>
  void operator()(T* handle) const noexcept {
    Destroy(handle);
  }
};

/// Closing a consumer takes part in a rebalance, which nobody would serve any more in a destructor:
/// whoever wants to leave the group in good order closes it before.
inline void destroy_handle(rd_kafka_t* handle) noexcept {
  rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

/// Before 2.3.0, librdkafka aborts the process when a cooperative-sticky consumer is destroyed
/// between its joining and its first assignment (librdkafka #4312). Such a handle is better never
/// destroyed: its threads stay until the process ends.
inline bool aborts_when_never_assigned() noexcept {
  constexpr int kFixedIn = 0x020300ff;
  return rd_kafka_version() < kFixedIn;
}

using KafkaHandle = std::unique_ptr<rd_kafka_t, KafkaDelete<destroy_handle>>;
using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaDelete<rd_kafka_conf_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDelete<rd_kafka_queue_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, KafkaDelete<rd_kafka_event_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaDelete<rd_kafka_message_destroy>>;
using KafkaError = std::unique_ptr<rd_kafka_error_t, KafkaDelete<rd_kafka_error_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                      KafkaDelete<rd_kafka_topic_partition_list_destroy>>;

/// Builds a configuration; the user's settings win over ours, except those that would break it.
class ConfBuilder {
 public:
  ConfBuilder(const std::string& brokers, const ClientSettings& settings);

  ConfBuilder& set(const char* name, const std::string& value);
  rd_kafka_conf_t* get() noexcept { return conf_.get(); }

  /// The handle. Errors: kConfig for a setting that librdkafka refuses, with its own words.
  Expected<KafkaHandle> make(rd_kafka_type_t type) &&;

 private:
  KafkaConf conf_;
  const ClientSettings& settings_;
  std::string error_;
};

/// Wakes a loop's task whenever something comes into the queue. The task must outlive the queue's
/// use, and the loop the task.
class QueueWaker {
 public:
  QueueWaker(net::EventLoop& loop, net::Callback callback) noexcept
      : loop_(loop), task_(callback) {}
  void watch(rd_kafka_queue_t* queue) noexcept;
  static void unwatch(rd_kafka_queue_t* queue) noexcept;
  /// As if something had come.
  void wake() noexcept { loop_.post(task_); }

 private:
  net::EventLoop& loop_;
  net::Task task_;
};

/// What the cluster says about a topic, or why it cannot be had. Blocks for at most `timeout`.
/// Errors: kUnavailable when no broker answers, kConfig for a topic that does not exist or may not
/// be used; `existing` tells the number of partitions.
Expected<int> partition_count(rd_kafka_t* handle, const std::string& topic, Duration timeout);

/// Creates the topic with as many partitions unless it exists; true if it did. False also where
/// this user may not create topics: partition_count() then tells whether it is there. Blocks.
/// Errors as above.
Expected<bool> ensure_topic(rd_kafka_t* handle, const std::string& topic, int partitions,
                            Duration timeout);

}  // namespace weir::bridge
