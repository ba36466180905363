// group_by_key: one flow becomes one flow for each key.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weir/base/assert.h"
#include "weir/streams/downstream.h"
#include "weir/streams/drain.h"
#include "weir/streams/drain_stage.h"
#include "weir/streams/ending.h"
#include "weir/streams/flow.h"
#include "weir/streams/node_pool.h"
#include "weir/streams/spsc_ring.h"

namespace weir::streams {

struct GroupOptions {
  uint64_t groups_max =
      1024;  ///< live at a time; one more key ends with StreamFault::kTooManyGroups
  uint64_t prefetch =
      256;  ///< items of all groups together that are asked for and not yet passed on
};

/// One key's items. For one subscriber, once; a group that is destroyed without any is skipped: its
/// items are dropped, and the next item of its key begins a new group.
template <typename K, typename T>
struct Group {
  K key;
  Flow<T> items;
};

namespace detail {

/// What groups need of the stage that feeds them.
class GroupFeed {
 public:
  virtual ~GroupFeed() = default;
  virtual void used(uint64_t n) noexcept = 0;  ///< n items have left a group's queue
  virtual void group_over() noexcept = 0;
};

/// A group's queue and its subscriber. Fed by the stage; drained by whoever has something to do.
template <typename T>
class GroupState final : public Subscription, public std::enable_shared_from_this<GroupState<T>> {
 public:
  GroupState(std::shared_ptr<GroupFeed> feed, std::shared_ptr<NodePool<T>> pool, PoolNode<T>* stub)
      : pool_(std::move(pool)), queue_(*pool_, stub), late_feed_(feed), feed_(std::move(feed)) {}

  // The stage's side.
  bool push(T&& item) noexcept { return queue_.push(std::move(item)); }
  void wake() noexcept { drain(); }
  void end(const StreamError& error) noexcept {
    ending_.end(error);
    drain();
  }
  bool fed = false;  ///< the stage's mark: in its list of groups to wake
  bool over() const noexcept { return over_.load(std::memory_order_acquire); }

  // The subscriber's side.
  void subscribe(std::shared_ptr<Subscriber<T>> subscriber) noexcept {
    if (taken_.exchange(true, std::memory_order_acq_rel)) {
      subscriber->on_subscribe(std::make_shared<EmptySubscription>());
      subscriber->on_error(StreamError::fault(StreamFault::kTooManySubscribers,
                                              "a group has one subscriber (§1.11)"));
      return;
    }
    subscriber->on_subscribe(this->shared_from_this());
    arriving_ = std::move(subscriber);
    here_.store(true, std::memory_order_release);
    drain();
  }
  /// The handle is gone; without a subscriber nobody will ever come.
  void abandon() noexcept {
    if (!taken_.exchange(true, std::memory_order_acq_rel)) cancel();
  }
  void request(uint64_t n) noexcept override {
    if (down_.request(n)) drain();
  }
  void cancel() noexcept override {
    if (down_.cancel()) drain();
  }

 private:
  void drain() noexcept {
    const auto keep = this->shared_from_this();
    drain_.run([this] { look(); });
  }

  void look() noexcept {
    if (here_.load(std::memory_order_acquire) && arriving_ != nullptr)
      down_.join(std::move(arriving_));
    if (down_.present() && !down_.stopped()) emit_all();
    if (!down_.stopped()) return;
    down_.stop([this] { mark_over(); });
    discard();
  }

  void emit_all() noexcept {
    down_.open();
    const bool done = ending_.done();  // before the queue
    while (emit_burst() && down_.wants()) {
    }
    down_.close();
    if (!done || !queue_.empty() || down_.stopped()) return;
    mark_over();
    down_.finish(ending_.error());
  }

  // False when there was nothing to emit.
  bool emit_burst() noexcept {
    uint64_t used = 0;
    for (; down_.credit() != 0 && used < kUsedMax && !down_.cancelled(); ++used) {
      auto item = queue_.pop();
      if (!item) break;
      down_.emit(std::move(*item));
    }
    if (used == 0) return false;
    queue_.release();
    down_.flush();
    feed_->used(used);
    return true;
  }

  // What nobody will read; an item may still come while the group ends.
  void discard() noexcept {
    uint64_t used = 0;
    while (queue_.pop()) ++used;
    queue_.release();
    if (const auto feed = feed_ != nullptr ? feed_ : late_feed_.lock()) feed->used(used);
    mark_over();
  }
  void mark_over() noexcept {
    if (over_.exchange(true, std::memory_order_acq_rel)) return;
    // The feed holds its groups: whichever of the two ends first lets go of the other.
    const auto feed = std::move(feed_);
    feed->group_over();
  }

  /// Items reported to the feed at once: often enough that the upstream does not wait for it.
  static constexpr uint64_t kUsedMax = 64;

  const std::shared_ptr<NodePool<T>> pool_;
  PoolQueue<T> queue_;
  const std::weak_ptr<GroupFeed> late_feed_;
  std::shared_ptr<GroupFeed> feed_;  // until over; the drain's
  Ending ending_;
  std::atomic<bool> taken_{false};
  std::atomic<bool> over_{false};
  std::shared_ptr<Subscriber<T>> arriving_;  // written before here_
  std::atomic<bool> here_{false};
  Drain drain_;
  Downstream<T> down_;  // the drain's
};

template <typename T>
class GroupHandle final : public Publisher<T> {
 public:
  explicit GroupHandle(std::shared_ptr<GroupState<T>> state) : state_(std::move(state)) {}
  GroupHandle(const GroupHandle&) = delete;
  GroupHandle& operator=(const GroupHandle&) = delete;
  ~GroupHandle() override { state_->abandon(); }
  void subscribe(std::shared_ptr<Subscriber<T>> subscriber) override {
    state_->subscribe(std::move(subscriber));
  }

 private:
  const std::shared_ptr<GroupState<T>> state_;
};

template <typename T, typename KeyOf>
using GroupOf = Group<std::decay_t<std::invoke_result_t<KeyOf&, const T&>>, T>;

template <typename T, typename KeyOf>
class GroupStage final : public DrainStage<T, GroupOf<T, KeyOf>, GroupStage<T, KeyOf>>,
                         public GroupFeed {
  using Base = DrainStage<T, GroupOf<T, KeyOf>, GroupStage>;
  friend Base;

 public:
  using Out = GroupOf<T, KeyOf>;
  using K = decltype(Out::key);

  GroupStage(std::shared_ptr<Subscriber<Out>> down, KeyOf key_of, GroupOptions options)
      : Base(std::move(down)),
        options_(options),
        batch_(options.prefetch - options.prefetch / 4),
        key_of_(std::move(key_of)),
        // A stub for each live group, and for those that are over and still held by somebody.
        pool_(std::make_shared<NodePool<T>>(options.prefetch + 2 * options.groups_max)),
        ring_(options.groups_max) {
    fed_.reserve(options.prefetch);
    WEIR_ASSERT(options.groups_max >= 1 && options.groups_max <= kBufferItemsMax);
    WEIR_ASSERT(options.prefetch >= 1 && options.prefetch <= kBufferItemsMax);
  }

  // Upstream's side.
  void on_next(T item) noexcept override {
    try_next(std::move(item));
    flush();
  }
  bool try_next(T item) noexcept override {
    if (ending_.done()) return true;
    try {
      auto* group = group_of(key_of_(std::as_const(item)));
      if (group == nullptr) return true;
      if (!(*group)->push(std::move(item))) {
        fail_overflow();
        return true;
      }
      if (!std::exchange((*group)->fed, true)) fed_.push_back(group->get());
    } catch (...) {
      fail(StreamError::current_exception());
    }
    return true;
  }
  void flush() noexcept override {
    for (size_t i = 0; i < fed_.size(); ++i) {  // waking may lead to more items, and so to more fed
      fed_[i]->fed = false;
      fed_[i]->wake();
    }
    fed_.clear();
  }
  void on_error(StreamError error) noexcept override {
    if (ending_.done()) return;
    fed_.clear();
    for (auto& [key, group] : std::exchange(groups_, {})) group->end(error);
    Base::on_error(std::move(error));
  }
  void on_complete() noexcept override { on_error(StreamError()); }

  // Downstream's side: a cancel of the flow of groups leaves those that are out to their readers.
  void cancel() noexcept override {
    if (!down_.cancel()) return;
    group_over();
    drain();
  }

  // The groups' side.
  void used(uint64_t n) noexcept override {
    if (n == 0) return;
    if (used_.fetch_add(n, std::memory_order_acq_rel) + n < batch_) return;
    if (const uint64_t all = used_.exchange(0, std::memory_order_acq_rel); all != 0)
      up_->request(all);
  }
  void group_over() noexcept override {
    if (alive_.fetch_sub(1, std::memory_order_acq_rel) == 1) up_->cancel();
  }

 private:
  using Base::down_, Base::ending_, Base::up_;
  using Base::drain, Base::fail, Base::fail_overflow;
  using State = std::shared_ptr<GroupState<T>>;

  uint64_t first_request() const noexcept { return options_.prefetch; }

  // The live group of `key`; nullptr when the item has nowhere to go.
  State* group_of(K key) {
    const auto found = groups_.find(key);
    if (found != groups_.end()) {
      if (!found->second->over()) return &found->second;
      forget(found);
    }
    if (down_.cancelled()) {
      used(1);
      return nullptr;
    }
    if (groups_.size() == options_.groups_max) {
      flush();
      std::erase_if(groups_, [](const auto& entry) { return entry.second->over(); });
    }
    if (groups_.size() == options_.groups_max) {
      fail(StreamError::fault(StreamFault::kTooManyGroups, "more live keys than groups_max"));
      return nullptr;
    }
    return open(std::move(key));
  }

  State* open(K key) {
    auto* stub = pool_->take();
    if (stub == nullptr) {
      fail(StreamError::fault(StreamFault::kTooManyGroups, "too many groups are still held"));
      return nullptr;
    }
    auto state = std::make_shared<GroupState<T>>(this->shared_from_this(), pool_, stub);
    alive_.fetch_add(1, std::memory_order_acq_rel);
    State* stored = &groups_.emplace(key, state).first->second;
    Flow<T> items(
        std::static_pointer_cast<Publisher<T>>(std::make_shared<GroupHandle<T>>(std::move(state))));
    if (!ring_.push(Out{std::move(key), std::move(items)})) {
      fail(StreamError::fault(StreamFault::kTooManyGroups, "more waiting groups than groups_max"));
      return nullptr;
    }
    ring_.publish();
    drain();
    return stored;
  }

  template <typename Iterator>
  void forget(Iterator entry) noexcept {
    flush();  // it may be among the fed
    groups_.erase(entry);
  }

  void look() noexcept {
    if (!down_.present()) return ring_.clear();
    const bool done = ending_.done();  // before the ring
    down_.open();
    while (down_.wants() && ring_.front() != nullptr) down_.emit(ring_.take());
    down_.close();
    down_.flush();
    if (down_.stopped()) {
      down_.stop([this] { group_over(); });
      ring_.clear();
    } else if (done && ring_.front() == nullptr) {
      down_.finish(ending_.error());
    }
  }

  const GroupOptions options_;
  const uint64_t batch_;
  KeyOf key_of_;
  const std::shared_ptr<NodePool<T>> pool_;
  std::unordered_map<K, State> groups_;  // the upstream's, as is the next
  std::vector<GroupState<T>*> fed_;      // have items that they have not been told of
  std::atomic<uint64_t> used_{0};
  std::atomic<uint64_t> alive_{1};  // groups, and the flow of groups
  SpscRing<Out> ring_;
};

}  // namespace detail

/// Emits a Group for each new key(item), by std::hash, and the item in it. All groups together hold
/// `prefetch` items at most, so a group that nobody reads will in the end stop the others: give
/// flat_map behind it a concurrency of groups_max. `key` does not change its answer.
template <typename KeyOf>
auto group_by_key(KeyOf key_of, GroupOptions options = {}) {
  return [key_of = std::move(key_of), options]<FlowLike P>(P source) {
    using Stage = detail::GroupStage<typename P::Item, KeyOf>;
    return lift<typename Stage::Out>([source = std::move(source), key_of, options](auto down) {
      source.subscribe(std::make_shared<Stage>(std::move(down), key_of, options));
    });
  };
}

}  // namespace weir::streams
