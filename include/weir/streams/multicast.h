// Multicast: one upstream, many subscribers, at the pace of the slowest.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "weir/base/assert.h"
#include "weir/streams/demand.h"
#include "weir/streams/drain.h"
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

/// A processor with coordinated emission: an item leaves the buffer when every subscriber has demand
/// for it, so all see the same items in the same order from where they joined (§1.11), and no one makes
/// the buffer grow. Without subscribers it holds what it has and the upstream waits. The end follows the
/// last buffered item; an error passes unchanged (§4.2). Signals to all subscribers are serial.
/// Thread-safe towards subscribers; its own signals come from one publisher, one at a time.
template <typename T>
class Multicast final : public Processor<T>, public std::enable_shared_from_this<Multicast<T>> {
 public:
  static std::shared_ptr<Multicast> make(MulticastOptions options = {}) {
    WEIR_ASSERT(options.items > 0 && options.items <= kItemsMax && options.subscribers_max > 0);
    return std::shared_ptr<Multicast>(new Multicast(options));
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
    connected_.store(true, std::memory_order_release);
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
    if (done_.load(std::memory_order_relaxed)) return;
    error_ = std::move(error);
    end();
  }
  void on_complete() noexcept override {
    if (!done_.load(std::memory_order_relaxed)) end();
  }

  /// Whether the terminal signal has been passed on.
  bool terminated() const noexcept { return terminated_.load(std::memory_order_acquire); }

 private:
  static constexpr uint64_t kItemsMax = uint64_t{1} << 24;  // a ring of 16 M is a mistake, not a buffer

  struct Outlet final : Subscription {
    Outlet(std::shared_ptr<Multicast> hub, std::shared_ptr<Subscriber<T>> to)
        : owner(std::move(hub)), subscriber(std::move(to)) {}
    void request(uint64_t n) noexcept override {
      if (n == 0) illegal.store(true, std::memory_order_release);
      inbox.add(n);
      owner->drain();
    }
    void cancel() noexcept override {
      if (!cancelled.exchange(true, std::memory_order_acq_rel)) owner->drain();
    }
    bool gone() const noexcept { return cancelled.load(std::memory_order_acquire); }

    const std::shared_ptr<Multicast> owner;
    std::shared_ptr<Subscriber<T>> subscriber;
    uint64_t credit = 0;  // drain only, as are the next two
    Outlet* next = nullptr;
    std::shared_ptr<Outlet> self;  // while on the way from subscribe to the drain
    DemandCounter inbox;
    std::atomic<bool> cancelled{false};
    std::atomic<bool> illegal{false};
  };

  explicit Multicast(MulticastOptions options)
      : options_(options), ring_(options.items), replenisher_(options.items) {}

  bool buffer(T item) noexcept {
    if (done_.load(std::memory_order_relaxed)) return false;
    if (ring_.push(std::move(item))) return true;
    up_->cancel();  // §1.1 was broken upstream
    error_ = StreamError::fault(StreamFault::kOverflow, "more items than requested (§1.1)");
    end();
    return false;
  }

  void end() noexcept {
    ring_.publish();
    done_.store(true, std::memory_order_release);
    drain();
  }

  void drain() noexcept {
    const auto keep = this->shared_from_this();
    drain_.run([this] {
      adopt();
      while (emit_some()) {
      }
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
      outlet->subscriber->on_subscribe(outlet);
      if (outlets_.size() < options_.subscribers_max) {
        outlets_.push_back(std::move(outlet));
      } else {
        std::exchange(outlet->subscriber, nullptr)
            ->on_error(StreamError::fault(StreamFault::kTooManySubscribers,
                                          "the multicast has all the subscribers it may have"));
      }
    }
  }

  // One burst; true when it moved something, so that it is worth another look.
  bool emit_some() noexcept {
    remove_gone();
    if (outlets_.empty()) return false;
    if (unused_) return terminate();
    uint64_t burst = ring_.size();
    for (const auto& outlet : outlets_) {
      outlet->credit = saturating_add(outlet->credit, outlet->inbox.take_all());
      burst = std::min(burst, outlet->credit);
    }
    for (uint64_t i = 0; i < burst; ++i) emit_one(ring_.take());
    for (const auto& outlet : outlets_)
      if (!outlet->gone()) outlet->subscriber->flush();
    if (burst != 0) {
      if (const uint64_t more = replenisher_.used(burst); more != 0) up_->request(more);
    }
    // done_ before the ring: what was pushed before the end must be seen empty after it.
    if (done_.load(std::memory_order_acquire) && ring_.front() == nullptr) return terminate();
    return burst != 0;
  }

  void emit_one(T item) noexcept {
    const size_t last = outlets_.size() - 1;
    for (size_t i = 0; i < last; ++i) give(*outlets_[i], item);
    give(*outlets_[last], std::move(item));
  }

  template <typename U>
  static void give(Outlet& outlet, U&& item) noexcept {
    if (outlet.gone()) return;
    if (outlet.subscriber->try_next(T(std::forward<U>(item)))) --outlet.credit;
  }

  void remove_gone() noexcept {
    const size_t before = outlets_.size();
    std::erase_if(outlets_, [](const std::shared_ptr<Outlet>& outlet) {
      if (!outlet->gone() && outlet->illegal.load(std::memory_order_acquire)) {
        outlet->cancelled.store(true, std::memory_order_release);
        outlet->subscriber->on_error(illegal_request());  // §3.9
      }
      if (!outlet->gone()) return false;
      outlet->subscriber.reset();  // §3.13
      return true;
    });
    if (!options_.cancel_when_unused || before == 0 || !outlets_.empty()) return;
    unused_ = true;
    if (connected_.load(std::memory_order_acquire)) up_->cancel();
    ring_.clear();
  }

  bool terminate() noexcept {
    terminated_.store(true, std::memory_order_release);
    for (const auto& outlet : std::exchange(outlets_, {})) {
      if (outlet->cancelled.exchange(true, std::memory_order_acq_rel)) continue;
      if (error_) {
        outlet->subscriber->on_error(error_);
      } else {
        outlet->subscriber->on_complete();
      }
      outlet->subscriber.reset();
    }
    return false;
  }

  const MulticastOptions options_;
  std::shared_ptr<Subscription> up_;
  SpscRing<T> ring_;
  StreamError error_;  // written before done_
  std::atomic<bool> done_{false};
  std::atomic<bool> connected_{false};
  std::atomic<bool> terminated_{false};
  Drain drain_;
  std::atomic<Outlet*> arrivals_{nullptr};
  std::vector<std::shared_ptr<Outlet>> outlets_;  // drain only, as are the next two
  Replenisher replenisher_;
  bool unused_ = false;
};

}  // namespace weir::streams
