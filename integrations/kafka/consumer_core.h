// ConsumerCore: the consumer's thread, its partitions, and the one subscription to it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "ack_window.h"
#include "client.h"
#include "weir/streams/demand.h"
#include "weir/streams/publisher.h"

namespace weir::kafka::detail {

/// Everything but what is marked runs on the consumer's thread.
class ConsumerCore final : public streams::Subscription,
                           public InHand,
                           public std::enable_shared_from_this<ConsumerCore> {
 public:
  using Down = std::shared_ptr<streams::Subscriber<Record>>;

  static Expected<std::shared_ptr<ConsumerCore>> make(ConsumeOptions options);
  explicit ConsumerCore(ConsumeOptions options);
  ~ConsumerCore() override;

  // From any thread.

  void subscribe(Down down);
  void request(uint64_t n) noexcept override;
  void cancel() noexcept override;
  void acknowledged(uint64_t bytes) noexcept override;
  bool dropped(uint64_t bytes) noexcept override;
  void close() noexcept;

  /// The thread's body, until close().
  void run();

 private:
  struct Partition {
    std::string topic;
    int32_t number = 0;
    Queue queue;
    AckWindow window;
  };
  using Key = std::pair<std::string, int32_t>;

  Expected<bool> open();
  void wake() noexcept;
  void wait(int milliseconds) noexcept;
  bool begin();
  void serve_group();
  void emit();
  void give(const rd_kafka_message_t& message, Partition& partition);
  void commit(bool wait);
  void leave_group();
  void end(streams::StreamError error);

  void rebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list);
  void take(const rd_kafka_topic_partition_list_t& list);
  void give_back(const rd_kafka_topic_partition_list_t& list);
  void drain();
  bool may_emit() const noexcept;

  const ConsumeOptions options_;
  int wake_fd_ = -1;
  Handle handle_;
  Queue group_queue_;
  Queue data_queue_;  // all partitions' queues lead here; it is read only when there is demand
  std::map<Key, Partition> partitions_;
  Down down_;  // after on_subscribe
  bool joined_ = false;
  bool was_assigned_ = false;  // at least once, be it nothing

  // Shared with other threads.
  std::atomic<bool> subscribed_{false};
  std::atomic<Down*> incoming_{nullptr};
  streams::DemandCounter demand_;
  std::atomic<uint64_t> in_hand_{0};  // bytes
  std::atomic<bool> illegal_{false};
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> lost_one_{false};  // a record was dropped that should not have been
  std::atomic<bool> over_{false};      // the flow has ended: nothing counts by being dropped
  std::atomic<bool> draining_{false};
  std::atomic<bool> closing_{false};
  std::optional<streams::StreamError> fatal_;
};

}  // namespace weir::kafka::detail
