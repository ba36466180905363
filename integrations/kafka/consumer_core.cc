#include "consumer_core.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string_view>

namespace weir::kafka::detail {
namespace {

constexpr size_t kQueueKbMin = 64;
// Emitted before the group's queue is looked at again.
constexpr int kBurst = 256;
constexpr int kDrainSliceMs = 10;  // an acknowledgement wakes earlier
constexpr uint64_t kOne = 1;       // what librdkafka and wake() write into the eventfd

using SteadyClock = std::chrono::steady_clock;

bool is_cooperative(rd_kafka_t* handle) {
  const char* protocol = rd_kafka_rebalance_protocol(handle);
  return protocol != nullptr && std::string_view(protocol) == "COOPERATIVE";
}

}  // namespace

Expected<std::shared_ptr<ConsumerCore>> ConsumerCore::make(ConsumeOptions options) {
  auto core = std::make_shared<ConsumerCore>(std::move(options));
  if (const auto opened = core->open(); !opened) return Unexpected<Error>(opened.error());
  return core;
}

ConsumerCore::ConsumerCore(ConsumeOptions options)
    : options_(std::move(options)), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

ConsumerCore::~ConsumerCore() {
  delete incoming_.load(std::memory_order_acquire);
  // A handle that is kept would go on writing into the descriptor, whoever has its number by then.
  for (rd_kafka_queue_t* queue : {group_queue_.get(), data_queue_.get()})
    if (queue != nullptr) rd_kafka_queue_io_event_enable(queue, -1, nullptr, 0);
  data_queue_.reset();
  group_queue_.reset();
  if (!was_assigned_ && aborts_when_never_assigned()) static_cast<void>(handle_.release());
  handle_.reset();
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

Expected<bool> ConsumerCore::open() {
  const size_t queue_kb = std::max(options_.prefetch_bytes_max / 1024, kQueueKbMin);
  Conf conf(options_.brokers);
  conf.set("group.id", options_.group)
      .set("partition.assignment.strategy", "cooperative-sticky")
      // Who was killed is missed after this; librdkafka's 45 s leave its partitions alone as long.
      .set("session.timeout.ms", "10000")
      .set("enable.auto.commit", "false")
      .set("enable.auto.offset.store", "false")
      .set("auto.offset.reset", options_.from_beginning ? "earliest" : "latest")
      .set("queued.max.messages.kbytes", std::to_string(queue_kb))
      .set("fetch.message.max.bytes", std::to_string(queue_kb * 1024));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(
      conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list,
                     void* self) { static_cast<ConsumerCore*>(self)->rebalance(code, list); });
  auto made = std::move(conf).make(RD_KAFKA_CONSUMER, options_.settings);
  if (!made) return Unexpected<Error>(made.error());
  handle_ = std::move(*made);
  rd_kafka_poll_set_consumer(handle_.get());
  group_queue_.reset(rd_kafka_queue_get_consumer(handle_.get()));
  data_queue_.reset(rd_kafka_queue_new(handle_.get()));
  for (rd_kafka_queue_t* queue : {group_queue_.get(), data_queue_.get()})
    rd_kafka_queue_io_event_enable(queue, wake_fd_, &kOne, sizeof kOne);
  return true;
}

// From any thread.

void ConsumerCore::subscribe(Down down) {
  if (subscribed_.exchange(true)) {
    down->on_subscribe(std::make_shared<streams::EmptySubscription>());
    down->on_error(streams::StreamError::fault(streams::StreamFault::kTooManySubscribers,
                                               "a consumer's records are for one subscriber"));
    return;
  }
  incoming_.store(new Down(std::move(down)), std::memory_order_release);
  wake();
}

void ConsumerCore::request(uint64_t n) noexcept {
  if (n == 0) {
    illegal_.store(true, std::memory_order_release);
    return wake();
  }
  if (demand_.add(n) == 0) wake();
}

void ConsumerCore::cancel() noexcept {
  cancelled_.store(true, std::memory_order_release);
  wake();
}

void ConsumerCore::acknowledged(uint64_t bytes) noexcept {
  const uint64_t before = in_hand_.fetch_sub(bytes, std::memory_order_acq_rel);
  const bool opens = before >= options_.bytes_max && before - bytes < options_.bytes_max;
  if (opens || draining_.load(std::memory_order_acquire)) wake();
}

bool ConsumerCore::dropped(uint64_t bytes) noexcept {
  const bool live = !over_.load(std::memory_order_acquire);
  const bool counts = live && options_.dropped == Dropped::kCounts;
  if (live && !counts && !cancelled_.load(std::memory_order_acquire)) {
    lost_one_.store(true, std::memory_order_release);
    wake();
  }
  acknowledged(bytes);
  return counts;
}

void ConsumerCore::close() noexcept {
  closing_.store(true, std::memory_order_release);
  wake();
}

void ConsumerCore::wake() noexcept {
  // A full counter cannot be written to, and wakes all the same.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &kOne, sizeof kOne);
}

// The consumer's thread.

void ConsumerCore::wait(int milliseconds) noexcept {
  pollfd waited{wake_fd_, POLLIN, 0};
  if (poll(&waited, 1, milliseconds) <= 0) return;
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(wake_fd_, &count, sizeof count);
}

void ConsumerCore::run() {
  const int every =
      static_cast<int>(std::max<int64_t>(milliseconds_of(options_.commit_interval), 1));
  auto commit_at = SteadyClock::now() + options_.commit_interval;
  while (!closing_.load(std::memory_order_acquire)) {
    if (!begin()) {
      wait(-1);
      continue;
    }
    serve_group();
    if (illegal_.load(std::memory_order_acquire)) end(streams::illegal_request());
    if (fatal_) end(*std::exchange(fatal_, std::nullopt));
    if (lost_one_.load(std::memory_order_acquire)) {
      end(failure(ErrorKind::kInternal, "a record was dropped without an acknowledgement",
                  "call ack.done() on every record, or consume with Dropped::kCounts"));
    }
    if (cancelled_.load(std::memory_order_acquire)) end({});
    emit();
    if (SteadyClock::now() >= commit_at) {
      commit(false);
      commit_at = SteadyClock::now() + options_.commit_interval;
    }
    // What is at hand and asked for goes on at once; rd_kafka's event came when it arrived.
    const bool more = may_emit() && rd_kafka_queue_length(data_queue_.get()) > 0;
    if (!more) wait(every);
  }
  leave_group();
  over_.store(true, std::memory_order_release);
  if (down_ != nullptr) std::exchange(down_, nullptr)->on_complete();
  partitions_.clear();  // slots hold us, and we them
}

// True while there is a subscriber. The first time it is told, and the group is joined: nothing is
// fetched for nobody.
bool ConsumerCore::begin() {
  if (Down* incoming = incoming_.exchange(nullptr, std::memory_order_acq_rel)) {
    down_ = std::move(*incoming);
    delete incoming;
    down_->on_subscribe(shared_from_this());
    PartitionList topics(rd_kafka_topic_partition_list_new(1));
    for (const std::string& topic : options_.topics)
      rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    const auto code = rd_kafka_subscribe(handle_.get(), topics.get());
    joined_ = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!joined_) fatal_ = failure(ErrorKind::kConfig, rd_kafka_err2str(code));
  }
  return down_ != nullptr;
}

// Rebalances are served in here, by the callback.
void ConsumerCore::serve_group() {
  while (const RawMessage message{rd_kafka_consumer_poll(handle_.get(), 0)}) {
    switch (static_cast<int>(message->err)) {
      case RD_KAFKA_RESP_ERR_NO_ERROR: break;
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        fatal_ = failure(ErrorKind::kConfig, rd_kafka_message_errstr(message.get()),
                         "create the topic, or correct its name");
        break;
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      case RD_KAFKA_RESP_ERR__FATAL:
        fatal_ = failure(ErrorKind::kUnavailable, rd_kafka_message_errstr(message.get()),
                         "give this user READ on the topics and the group");
        break;
      default: break;  // librdkafka goes on trying
    }
  }
}

bool ConsumerCore::may_emit() const noexcept {
  return down_ != nullptr && demand_.value() > 0 &&
         in_hand_.load(std::memory_order_acquire) < options_.bytes_max &&
         !cancelled_.load(std::memory_order_acquire);
}

void ConsumerCore::emit() {
  bool any = false;
  for (int i = 0; i < kBurst && may_emit(); ++i) {
    const RawMessage message(rd_kafka_consume_queue(data_queue_.get(), 0));
    if (!message) break;
    const auto found =
        message->rkt == nullptr
            ? partitions_.end()
            : partitions_.find(Key(rd_kafka_topic_name(message->rkt), message->partition));
    if (found == partitions_.end() || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    any = true;
    give(*message, found->second);
  }
  if (any && down_ != nullptr) down_->flush();
}

void ConsumerCore::give(const rd_kafka_message_t& message, Partition& partition) {
  Record record = copy_record(message);
  const uint64_t bytes = item_bytes(record);
  auto slot = std::make_shared<Slot>(shared_from_this(), record.offset, bytes);
  record.ack = Ack(slot);
  in_hand_.fetch_add(bytes, std::memory_order_acq_rel);
  partition.window.push(std::move(slot));
  // More than that done behind one that is not: its queue is left alone until it moves.
  if (partition.window.full()) rd_kafka_queue_forward(partition.queue.get(), nullptr);
  if (down_->try_next(std::move(record))) demand_.sub(1);
}

void ConsumerCore::commit(bool wait_for_it) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
  for (auto& [key, partition] : partitions_) {
    const bool was_full = partition.window.full();
    const int64_t offset = partition.window.advance();
    if (offset < 0) continue;
    if (was_full) rd_kafka_queue_forward(partition.queue.get(), data_queue_.get());
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number)
        ->offset = offset;
  }
  if (list->cnt == 0) return;
  rd_kafka_commit(handle_.get(), list.get(), wait_for_it ? 0 : 1);
}

void ConsumerCore::leave_group() {
  if (!joined_) return;
  joined_ = false;
  rd_kafka_consumer_close(handle_.get());  // serves a last rebalance, which drains and commits
}

// Errors and cancels; an empty error tells nobody.
void ConsumerCore::end(streams::StreamError error) {
  if (down_ == nullptr) return;
  leave_group();
  over_.store(true, std::memory_order_release);
  const Down down = std::move(down_);
  down_ = nullptr;
  partitions_.clear();
  if (error) down->on_error(std::move(error));
}

// Within serve_group() or rd_kafka_consumer_close().

void ConsumerCore::rebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list) {
  const bool cooperative = is_cooperative(handle_.get());
  RawError error;
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    was_assigned_ = true;
    take(*list);
    if (cooperative) {
      error.reset(rd_kafka_incremental_assign(handle_.get(), list));
    } else {
      rd_kafka_assign(handle_.get(), list);
    }
  } else {
    give_back(*list);
    if (cooperative) {
      error.reset(rd_kafka_incremental_unassign(handle_.get(), list));
    } else {
      rd_kafka_assign(handle_.get(), nullptr);
    }
  }
  if (error && rd_kafka_error_is_fatal(error.get()) != 0)
    fatal_ = failure(ErrorKind::kUnavailable, rd_kafka_error_string(error.get()));
}

void ConsumerCore::take(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) {
    const auto& entry = list.elems[i];
    Partition partition;
    partition.topic = entry.topic;
    partition.number = entry.partition;
    partition.queue.reset(
        rd_kafka_queue_get_partition(handle_.get(), entry.topic, entry.partition));
    rd_kafka_queue_forward(partition.queue.get(), data_queue_.get());
    partitions_.insert_or_assign(Key(entry.topic, entry.partition), std::move(partition));
  }
}

void ConsumerCore::give_back(const rd_kafka_topic_partition_list_t& list) {
  if (rd_kafka_assignment_lost(handle_.get()) == 0) {
    drain();
    commit(true);
  }
  for (int i = 0; i < list.cnt; ++i)
    partitions_.erase(Key(list.elems[i].topic, list.elems[i].partition));
}

// Waits for what is in hand. Whoever works on it in this very thread has done so already.
void ConsumerCore::drain() {
  draining_.store(true, std::memory_order_release);
  const auto settled = [this] {
    return std::all_of(partitions_.begin(), partitions_.end(),
                       [](auto& entry) { return entry.second.window.settled(); });
  };
  const auto deadline = SteadyClock::now() + options_.drain_max;
  while (!settled() && SteadyClock::now() < deadline) wait(kDrainSliceMs);
  draining_.store(false, std::memory_order_release);
}

}  // namespace weir::kafka::detail
