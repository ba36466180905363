// retry_when: a failed flow is subscribed to again, if somebody pays for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "weir/base/rng.h"
#include "weir/policy/backoff.h"
#include "weir/policy/retry_budget.h"
#include "weir/streams/demand.h"
#include "weir/streams/drain.h"
#include "weir/streams/flow.h"
#include "weir/streams/scheduler.h"
#include "weir/streams/shared_slot.h"

namespace weir::streams {

namespace detail {

/// One downstream over many upstream subscriptions, one after another. What was requested and not
/// yet delivered is requested again of the next, so no demand is lost and none is doubled (§1.1).
template <typename P, typename Decide>
class RetryRelay final : public Subscription,
                         public TimerTask,
                         public std::enable_shared_from_this<RetryRelay<P, Decide>> {
 public:
  using T = typename P::Item;

  RetryRelay(P source, TimedScheduler& timers, Decide decide)
      : source_(std::move(source)), timers_(timers), decide_(std::move(decide)) {}

  void start(std::shared_ptr<Subscriber<T>> down) noexcept {
    down->on_subscribe(this->shared_from_this());
    attempt(std::move(down));
  }

  void request(uint64_t n) noexcept override {
    if (n == 0) illegal_.store(true, std::memory_order_release);
    inbox_.add(n);
    pump();
  }
  void cancel() noexcept override {
    cancelled_.store(true, std::memory_order_seq_cst);
    // Not by pump(): it may be inside the upstream's loop, which is what has to end.
    if (const auto up = current_.load()) up->cancel();
    parked_.exchange(nullptr);  // §3.13
  }

  /// The back-off is over.
  void run() noexcept override {
    if (auto down = parked_.exchange(nullptr)) attempt(std::move(down));
  }

 private:
  /// The subscriber of one attempt. It carries the downstream, and hands it on when it fails.
  class Attempt final : public Subscriber<T> {
   public:
    Attempt(std::shared_ptr<Subscriber<T>> down, std::shared_ptr<RetryRelay> relay)
        : down_(std::move(down)), relay_(std::move(relay)) {}

    void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
      if (accept_once(up_, up)) relay_->arrived(std::move(up));
    }
    void on_next(T item) noexcept override {
      ++relay_->delivered_;
      down_->on_next(std::move(item));
    }
    bool try_next(T item) noexcept override {
      ++relay_->delivered_;
      if (down_->try_next(std::move(item))) return true;
      --relay_->delivered_;
      return false;
    }
    void flush() noexcept override { down_->flush(); }
    void on_error(StreamError error) noexcept override {
      up_.reset();
      if (down_ != nullptr) relay_->failed(std::move(down_), std::move(error));
    }
    void on_complete() noexcept override {
      up_.reset();
      if (down_ == nullptr) return;
      relay_->decide_.succeeded(relay_->timers_.now());
      std::exchange(down_, nullptr)->on_complete();
    }

   private:
    std::shared_ptr<Subscriber<T>> down_;
    std::shared_ptr<Subscription> up_;
    const std::shared_ptr<RetryRelay> relay_;
  };

  // Subscribing may fail before it returns, and so lead here again: the drain makes a loop of it.
  void attempt(std::shared_ptr<Subscriber<T>> down) noexcept {
    next_ = std::move(down);
    const auto keep = this->shared_from_this();
    attempts_.run([this] {
      auto subscriber = std::move(next_);
      if (subscriber == nullptr || cancelled_.load(std::memory_order_acquire)) return;
      source_.subscribe(std::make_shared<Attempt>(std::move(subscriber), this->shared_from_this()));
    });
  }

  void arrived(std::shared_ptr<Subscription> up) noexcept {
    current_.exchange(up);
    if (cancelled_.load(std::memory_order_seq_cst)) return up->cancel();
    fresh_.exchange(std::move(up));
    pump();
  }

  void failed(std::shared_ptr<Subscriber<T>> down, StreamError error) noexcept {
    if (cancelled_.load(std::memory_order_acquire)) return;
    const Instant now = timers_.now();
    std::optional<Duration> wait;
    if (!error.is(StreamFault::kIllegalRequest)) wait = decide_(error, now);
    if (!wait) return down->on_error(std::move(error));
    if (*wait <= Duration::zero()) return attempt(std::move(down));
    parked_.exchange(std::move(down));
    if (cancelled_.load(std::memory_order_seq_cst)) parked_.exchange(nullptr);
    timers_.post_at(now + *wait, this->shared_from_this());
  }

  void pump() noexcept {
    drain_.run([this] {
      uint64_t n = inbox_.take_all();
      granted_ = saturating_add(granted_, n);
      if (auto fresh = fresh_.exchange(nullptr)) {
        up_ = std::move(fresh);
        // The attempt before this one is over, so delivered_ stands still.
        n = granted_ == kUnbounded ? kUnbounded : granted_ - delivered_;
      }
      if (up_ == nullptr || cancelled_.load(std::memory_order_acquire)) return;
      if (illegal_.exchange(false, std::memory_order_acq_rel)) up_->request(0);
      if (n != 0) up_->request(n);
    });
  }

  const P source_;
  TimedScheduler& timers_;
  Decide decide_;
  std::shared_ptr<Subscriber<T>> next_;                // on its way to the next attempt
  SharedSlot<std::shared_ptr<Subscriber<T>>> parked_;  // during a back-off
  uint64_t delivered_ = 0;                             // the attempt's
  SharedSlot<std::shared_ptr<Subscription>> current_;  // what a cancel has to reach
  SharedSlot<std::shared_ptr<Subscription>> fresh_;    // has not been asked for anything yet
  DemandCounter inbox_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> illegal_{false};
  Drain attempts_;
  Drain drain_;
  std::shared_ptr<Subscription> up_;  // the drain's, as is the next
  uint64_t granted_ = 0;              // requested by the downstream altogether
};

template <typename Decide>
auto retry_with(TimedScheduler& timers, Decide decide) {
  return [&timers, decide = std::move(decide)]<FlowLike P>(P source) {
    using T = typename P::Item;
    return lift<T>([source = std::move(source), &timers, decide](auto down) {
      auto relay = std::make_shared<RetryRelay<P, Decide>>(source, timers, decide);
      relay->start(std::move(down));
    });
  };
}

template <typename F>
struct RetryByFunction {
  F fn;
  uint32_t retries = 0;
  std::optional<Duration> operator()(const StreamError& error, Instant) noexcept {
    return fn(error, retries++);
  }
  void succeeded(Instant) noexcept {}
};

struct RetryByBudget {
  RetryBudget* budget;
  Backoff backoff;
  uint32_t retries_max;
  Rng rng;
  uint32_t retries = 0;
  std::optional<Duration> operator()(const StreamError&, Instant now) noexcept {
    if (retries == retries_max || !budget->try_withdraw(now)) return std::nullopt;
    return backoff.delay(static_cast<int>(retries++), rng);
  }
  void succeeded(Instant now) noexcept { budget->deposit(now); }
};

}  // namespace detail

/// On an error asks `fn(error, retries so far)` for a std::optional<Duration>: how long to wait
/// before subscribing again, or nothing, which passes the error on unchanged. `fn` does not throw;
/// each subscription has a copy of it.
template <typename F>
  requires std::is_invocable_r_v<std::optional<Duration>, F&, const StreamError&, uint32_t>
auto retry_when(TimedScheduler& timers, F fn) {
  return detail::retry_with(timers, detail::RetryByFunction<F>{std::move(fn)});
}

struct RetryOptions {
  Backoff backoff{};
  uint32_t retries_max = 3;  ///< for one subscription; Google's SRE book, ch. 21, stops after three
  uint64_t seed = 1;         ///< of the jitter
};

/// Retries as long as the budget, which other callers may share, has a token for it; the back-off
/// is jittered. A completed flow deposits. When the budget is empty the error passes unchanged.
/// `budget` and `timers` must outlive the flow's subscriptions.
inline auto retry_when(TimedScheduler& timers, RetryBudget& budget, RetryOptions options = {}) {
  return detail::retry_with(timers, detail::RetryByBudget{&budget, options.backoff,
                                                          options.retries_max, Rng(options.seed)});
}

}  // namespace weir::streams
