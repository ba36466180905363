// librdkafka's handles, owned; private to the library.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

#include "weir/base/expected.h"
#include "weir/kafka/options.h"
#include "weir/kafka/record.h"
#include "weir/streams/error.h"

namespace weir::kafka::detail {

template <auto Destroy>
struct Delete {
  template <typename T>
  void operator()(T* handle) const noexcept {
    Destroy(handle);
  }
};

using Handle = std::unique_ptr<rd_kafka_t, Delete<rd_kafka_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Delete<rd_kafka_queue_destroy>>;
using RawMessage = std::unique_ptr<rd_kafka_message_t, Delete<rd_kafka_message_destroy>>;
using PartitionList =
    std::unique_ptr<rd_kafka_topic_partition_list_t, Delete<rd_kafka_topic_partition_list_destroy>>;
using RawError = std::unique_ptr<rd_kafka_error_t, Delete<rd_kafka_error_destroy>>;

/// A configuration under construction; the first setting that is refused is remembered.
class Conf {
 public:
  explicit Conf(const std::string& brokers);
  Conf& set(const char* name, const std::string& value);
  rd_kafka_conf_t* get() const noexcept { return conf_.get(); }
  /// Errors: kConfig, with librdkafka's own words.
  Expected<Handle> make(rd_kafka_type_t type, const Settings& settings) &&;

 private:
  std::unique_ptr<rd_kafka_conf_t, Delete<rd_kafka_conf_destroy>> conf_;
  std::string error_;
};

/// Before 2.3.0, librdkafka aborts the process when a cooperative-sticky consumer is destroyed
/// between its joining and its first assignment (librdkafka #4312). Such a handle is better never
/// destroyed: its threads stay until the process ends.
inline bool aborts_when_never_assigned() noexcept {
  constexpr int kFixedIn = 0x020300ff;
  return rd_kafka_version() < kFixedIn;
}

int64_t milliseconds_of(Duration duration) noexcept;

/// An `Error` as a flow's error.
streams::StreamError failure(ErrorKind kind, std::string message, std::string remedy = {});

/// A copy: librdkafka's own message would pin the whole fetch response it came in.
Record copy_record(const rd_kafka_message_t& message);

}  // namespace weir::kafka::detail
