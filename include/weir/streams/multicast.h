// Multicast: one upstream, many subscribers, at the pace of the slowest.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "weir/base/assert.h"
#include "weir/streams/downstream.h"
#include "weir/streams/drain.h"
#include "weir/streams/ending.h"
#include "weir/streams/flow.h"
#include "weir/streams/replenish.h"
#include "weir/streams/spsc_ring.h"

namespace weir::streams {

struct MulticastOptions {
  uint64_t items = 256;             ///< buffered between upstream and subscribers, at most
  uint64_t subscribers_max = 1024;  ///< one more gets StreamFault::kTooManySubscribers (§1.11)
  /// Cancel the upstream when the last subscriber leaves; who comes after that gets on_complete.
  bool cancel_when_unused = false;
};

/// A processor with coordinated emission: an item leaves the buffer when every subscriber has had
/// it, so all see the same items in the same order from the oldest that was buffered when they
/// joined (§1.11), and the fastest is ahead of the slowest by the buffer at most. Without
/// subscribers it holds what it has and the upstream waits. Completion follows the last item; an
/// error passes unchanged (§4.2), and waits for no demand: who has asked for nothing gets it before
/// the items that he did not ask for. Signals to all subscribers are serial. Thread-safe towards
/// subscribers; its own signals come from one publisher, one at a time.
template <typename T>
class Multicast final : public Processor<T>, public std::enable_shared_from_this<Multicast<T>> {
  struct Key {};  // so that only make() can call the constructor

 public:
  Multicast(Key, MulticastOptions options)
      : options_(options), ring_(options.items), replenisher_(options.items) {}

  static std::shared_ptr<Multicast> make(MulticastOptions options = {}) {
    WEIR_ASSERT(options.items > 0 && options.items <= kBufferItemsMax &&
                options.subscribers_max > 0);
    return std::make_shared<Multicast>(Key{}, options);
  }

  void subscribe(std::shared_ptr<Subscriber<T>> subscriber) override {
    WEIR_ASSERT(subscriber != nullptr);  // §1.9
    auto outlet = std::make_shared<Outlet>(this->shared_from_this(), std::move(subscriber));
    Outlet* raw = outlet.get();
    raw->self = std::move(outlet);
    raw->next = arrivals_.load(std::memory_order_relaxed);
    while (!arrivals_.compare_exchange_weak(raw->next, raw, std::memory_order_release,
                                            std::memory_order_relaxed)) {
    }
    drain();
  }

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    if (!accept_once(up_, up)) return;
    connected_.store(true, std::memory_order_seq_cst);
    if (closed_.load(std::memory_order_seq_cst)) return up->cancel();  // nobody waits any more
    up->request(options_.items);
    drain();
  }
  void on_next(T item) noexcept override {
    if (!buffer(std::move(item))) return;
    flush();
  }
  bool try_next(T item) noexcept override {
    buffer(std::move(item));
    return true;
  }
  void flush() noexcept override {
    ring_.publish();
    drain();
  }
  void on_error(StreamError error) noexcept override {
    ring_.publish();
    if (ending_.end(std::move(error))) drain();
  }
  void on_complete() noexcept override { on_error(StreamError()); }

  /// Whether the upstream has ended or has been cancelled.
  bool ended() const noexcept { return ending_.done() || closed_.load(std::memory_order_acquire); }

 private:
  struct Outlet final : Subscription {
    Outlet(std::shared_ptr<Multicast> hub, std::shared_ptr<Subscriber<T>> to)
        : owner(std::move(hub)), down(std::move(to)) {}
    void request(uint64_t n) noexcept override {
      if (down.request(n)) owner->drain();
    }
    void cancel() noexcept override {
      if (down.cancel()) owner->drain();
    }

    const std::shared_ptr<Multicast> owner;
    Downstream<T> down;
    uint64_t next_item = 0;  // counted over the life of the multicast; the drain's, as is the next
    Outlet* next = nullptr;
    std::shared_ptr<Outlet> self;  // while on the way from subscribe to the drain
  };

  bool buffer(T item) noexcept {
    if (ending_.done()) return false;
    if (ring_.push(std::move(item))) return true;
    up_->cancel();  // §1.1 was broken upstream
    on_error(StreamError::fault(StreamFault::kOverflow, "more items than requested (§1.1)"));
    return false;
  }

  void drain() noexcept {
    const auto keep = this->shared_from_this();
    drain_.run([this] {
      adopt();
      while (emit_some()) {
      }
      remove_gone();
    });
  }

  // Subscribers that came since the last time, oldest first.
  void adopt() noexcept {
    Outlet* newest = arrivals_.exchange(nullptr, std::memory_order_acquire);
    Outlet* oldest = nullptr;
    while (newest != nullptr) {
      Outlet* next = std::exchange(newest->next, oldest);
      oldest = std::exchange(newest, next);
    }
    while (oldest != nullptr) {
      auto outlet = std::move(oldest->self);
      oldest = oldest->next;
      outlet->down.on_subscribe(outlet);
      outlet->next_item = popped_;
      if (outlets_.size() < options_.subscribers_max) {
        outlets_.push_back(std::move(outlet));
      } else {
        outlet->down.finish(StreamError::fault(
            StreamFault::kTooManySubscribers, "the multicast has all the subscribers it may have"));
      }
    }
  }

  // One look at every subscriber; true when something moved, so that it is worth another look.
  bool emit_some() noexcept {
    remove_gone();
    const bool done = ending_.done();  // before the size
    const StreamError why = done ? ending_.error() : StreamError();
    const uint64_t tail = popped_ + ring_.size();
    uint64_t oldest = tail;
    bool moved = false;
    for (const auto& outlet : outlets_) {
      moved |= emit_to(*outlet, tail);
      const bool had_all = outlet->next_item == tail;
      if ((done || unused_) && (had_all || (why && outlet->down.credit() == 0)))
        outlet->down.finish(why);
      if (!outlet->down.cancelled()) oldest = std::min(oldest, outlet->next_item);
    }
    if (!outlets_.empty()) release(oldest);
    return moved;
  }

  bool emit_to(Outlet& outlet, uint64_t tail) noexcept {
    const uint64_t first = outlet.next_item;
    const bool alone = outlets_.size() == 1;
    outlet.down.open();
    while (outlet.down.credit() != 0 && outlet.next_item != tail && !outlet.down.cancelled()) {
      T& item = ring_.at(outlet.next_item++ - popped_);
      outlet.down.emit(alone ? std::move(item) : T(item));
    }
    outlet.down.close();
    if (outlet.next_item == first) return false;
    if (!outlet.down.cancelled()) outlet.down.flush();
    return true;
  }

  // Gives back the places of items that every subscriber has had.
  void release(uint64_t oldest) noexcept {
    const uint64_t count = oldest - popped_;
    for (; popped_ != oldest; ++popped_) ring_.pop();
    if (const uint64_t more = replenisher_.used(count); more != 0) up_->request(more);
  }

  void remove_gone() noexcept {
    const size_t before = outlets_.size();
    std::erase_if(outlets_, [](const std::shared_ptr<Outlet>& outlet) {
      if (!outlet->down.stopped()) return false;
      outlet->down.stop([] {});  // the upstream goes on for the others
      return true;
    });
    if (!options_.cancel_when_unused || before == 0 || !outlets_.empty() || ending_.done()) {
      return;
    }
    unused_ = true;
    closed_.store(true, std::memory_order_seq_cst);
    if (connected_.load(std::memory_order_seq_cst)) up_->cancel();
    for (; ring_.front() != nullptr; ++popped_) ring_.pop();
  }

  const MulticastOptions options_;
  std::shared_ptr<Subscription> up_;
  SpscRing<T> ring_;
  Ending ending_;
  std::atomic<bool> connected_{false};
  std::atomic<bool> closed_{false};
  Drain drain_;
  std::atomic<Outlet*> arrivals_{nullptr};
  std::vector<std::shared_ptr<Outlet>> outlets_;  // drain only, as are the next three
  Replenisher replenisher_;
  uint64_t popped_ = 0;  // items that have left the ring
  bool unused_ = false;
};

}  // namespace weir::streams
