// Producer: a sink that asks for more when Kafka has taken what it was given.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "weir/base/expected.h"
#include "weir/kafka/options.h"
#include "weir/kafka/record.h"
#include "weir/streams/flow.h"

namespace weir::kafka {

namespace detail {
class ProducerCore;
}

/// An idempotent producer: no duplicates and no reordering by its own retries. Messages that are
/// not durable are bounded in bytes for each sink. Thread-safe.
class Producer {
 public:
  /// Gets the error, or nothing when all messages of the flow are durable; runs on the producer's
  /// thread or on the flow's, once.
  using OnEnd = std::function<void(const std::optional<streams::StreamError>&)>;

  /// Errors: kConfig for settings that librdkafka refuses.
  static Expected<std::unique_ptr<Producer>> make(ProduceOptions options);

  /// Waits until what it was given is durable, at most the time-out; what is not by then fails. Not
  /// from within a signal.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// The end of a flow of messages: `flow | producer.sink(on_end)`. A message that cannot become
  /// durable cancels the flow and is its error (an `Error`).
  auto sink(OnEnd on_end = {}) const {
    return [core = core_, on_end = std::move(on_end)]<streams::FlowLike P>(const P& flow) {
      flow.subscribe(subscriber(core, on_end));
    };
  }

 private:
  explicit Producer(std::shared_ptr<detail::ProducerCore> core);
  static std::shared_ptr<streams::Subscriber<Message>> subscriber(
      const std::shared_ptr<detail::ProducerCore>& core, OnEnd on_end);

  std::shared_ptr<detail::ProducerCore> core_;
  std::thread thread_;
};

}  // namespace weir::kafka
