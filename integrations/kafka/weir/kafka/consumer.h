// Consumer: topics as a flow that is pulled by request(n).
#pragma once

#include <memory>
#include <thread>

#include "weir/base/expected.h"
#include "weir/kafka/options.h"
#include "weir/kafka/record.h"
#include "weir/streams/flow.h"

namespace weir::kafka {

namespace detail {
class ConsumerCore;
}

/// A member of a consumer group, with a thread of its own on which all signals of the flow run.
/// Emits no more than was requested, and nothing while the records in hand reach bytes_max; what is
/// not asked for stays in Kafka, and the member stays in its group all the same. At least once: a
/// record that was not acknowledged comes again, to this member or another. Records of a partition
/// come in order.
///
/// The flow ends with an error (an `Error` as its payload) when librdkafka cannot go on, when a
/// topic does not exist or may not be read, and when a record is dropped, see Dropped; it completes
/// when the consumer is destroyed. Thread-safe.
class Consumer {
 public:
  /// Errors: kConfig for settings that librdkafka refuses.
  static Expected<std::unique_ptr<Consumer>> make(ConsumeOptions options);

  /// Waits for what is in hand, at most drain_max, commits, leaves the group and completes the
  /// flow. Not from within a signal of it.
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// For one subscriber; a second one gets StreamFault::kTooManySubscribers.
  streams::Flow<Record> records() const;

 private:
  explicit Consumer(std::shared_ptr<detail::ConsumerCore> core);
  std::shared_ptr<detail::ConsumerCore> core_;
  std::thread thread_;
};

}  // namespace weir::kafka
