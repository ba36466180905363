// timeout: an upstream that owes an item for too long is given up.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "weir/base/assert.h"
#include "weir/streams/demand.h"
#include "weir/streams/flow.h"
#include "weir/streams/scheduler.h"

namespace weir::streams {

namespace detail {

/// The downstream's subscription: knows whether the upstream owes anything.
class TimeoutDemand final : public Subscription {
 public:
  bool attach(const std::shared_ptr<Subscription>& up) noexcept { return accept_once(up_, up); }
  Subscription& up() const noexcept { return *up_; }

  void request(uint64_t n) noexcept override {
    owed_.add(n);
    up_->request(n);
  }
  void cancel() noexcept override {
    cancelled_.store(true, std::memory_order_release);
    up_->cancel();
  }
  void paid() noexcept { owed_.sub(1); }
  bool owing() const noexcept { return owed_.value() != 0; }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

 private:
  std::shared_ptr<Subscription> up_;
  DemandCounter owed_;
  std::atomic<bool> cancelled_{false};
};

template <typename T>
class TimeoutStage final : public Subscriber<T>,
                           public std::enable_shared_from_this<TimeoutStage<T>> {
 public:
  /// Looks at the stream within one time-out: so it is late by an eighth of itself at the most, and
  /// an item costs no look at the clock.
  static constexpr int kLooks = 8;

  TimeoutStage(std::shared_ptr<Subscriber<T>> down, TimedScheduler& timers, Duration limit)
      : timers_(timers),
        step_(std::max(Duration(1), limit / kLooks)),
        alarm_(std::make_shared<Alarm>()),
        down_(std::move(down)),
        demand_(std::make_shared<TimeoutDemand>()) {}

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    if (!demand_->attach(up)) return;
    alarm_->stage = this->weak_from_this();
    down_->on_subscribe(demand_);
    arm();
  }
  void on_next(T item) noexcept override {
    if (!enter()) return;
    items_.fetch_add(1, std::memory_order_relaxed);
    down_->on_next(std::move(item));
    demand_->paid();
    leave();
  }
  bool try_next(T item) noexcept override {
    if (!enter()) return true;
    items_.fetch_add(1, std::memory_order_relaxed);
    const bool used = down_->try_next(std::move(item));
    if (used) demand_->paid();
    leave();
    return used;
  }
  void flush() noexcept override {
    if (!enter()) return;
    down_->flush();
    leave();
  }
  void on_error(StreamError error) noexcept override {
    if (finish(State::kIdle)) down_->on_error(std::move(error));
  }
  void on_complete() noexcept override {
    if (finish(State::kIdle)) down_->on_complete();
  }

  /// The timer's look.
  void look() noexcept {
    if (state_.load(std::memory_order_acquire) == State::kEnded || demand_->cancelled()) return;
    const uint64_t seen = items_.load(std::memory_order_relaxed);
    const bool moved = seen != last_seen_ || !demand_->owing();
    last_seen_ = seen;
    quiet_looks_ = moved ? 0 : quiet_looks_ + 1;
    if (quiet_looks_ < kLooks || !finish(State::kIdle)) return arm();
    demand_->up().cancel();
    const auto down = std::move(down_);
    down->on_error(StreamError::fault(StreamFault::kTimeout, "no item within the time allowed"));
  }

 private:
  /// Does not hold the stage: a cancelled stream is let go of at once, however long the limit
  /// (§3.13).
  struct Alarm final : TimerTask {
    void run() noexcept override {
      if (const auto owner = stage.lock()) owner->look();
    }
    std::weak_ptr<TimeoutStage> stage;
  };

  enum class State : uint8_t { kIdle, kSignalling, kEnded };

  bool enter() noexcept {
    auto expected = State::kIdle;
    return state_.compare_exchange_strong(expected, State::kSignalling, std::memory_order_acq_rel);
  }
  void leave() noexcept { state_.store(State::kIdle, std::memory_order_release); }
  bool finish(State from) noexcept {
    return state_.compare_exchange_strong(from, State::kEnded, std::memory_order_acq_rel);
  }
  void arm() noexcept { timers_.post_at(timers_.now() + step_, alarm_); }

  TimedScheduler& timers_;
  const Duration step_;
  const std::shared_ptr<Alarm> alarm_;
  std::shared_ptr<Subscriber<T>> down_;
  const std::shared_ptr<TimeoutDemand> demand_;
  std::atomic<State> state_{State::kIdle};
  std::atomic<uint64_t> items_{0};
  uint64_t last_seen_ = 0;  // the timer's, as is the next
  int quiet_looks_ = 0;
};

}  // namespace detail

/// Ends with StreamFault::kTimeout when the upstream has owed an item for `limit`, and cancels it.
/// Time in which nothing was requested does not count: a slow consumer is not the upstream's fault.
/// Between `limit` and 1.125 × limit in practice.
inline auto timeout(TimedScheduler& timers, Duration limit) {
  WEIR_ASSERT(limit > Duration::zero());
  return [&timers, limit]<FlowLike P>(P source) {
    using T = typename P::Item;
    return lift<T>([source = std::move(source), &timers, limit](auto down) {
      source.subscribe(std::make_shared<detail::TimeoutStage<T>>(std::move(down), timers, limit));
    });
  };
}

}  // namespace weir::streams
