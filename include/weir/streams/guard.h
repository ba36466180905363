// guard and limit_by: the engine in the flow. An item passes when the policies admit it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "weir/base/assert.h"
#include "weir/policy/policy_stack.h"
#include "weir/streams/drain_stage.h"
#include "weir/streams/flow.h"
#include "weir/streams/replenish.h"
#include "weir/streams/scheduler.h"
#include "weir/streams/spsc_ring.h"

namespace weir::streams {

namespace detail {

/// What a permit that came with an item tells, once, when it is given back.
class PermitHome {
 public:
  virtual ~PermitHome() = default;
  virtual void room() noexcept = 0;
};

}  // namespace detail

/// A permit that keeps its stack alive and lets the flow go on when it is given back. Complete it
/// when the work on the item is done; destroyed unspent it counts as kIgnored. Move-only; any
/// thread, one at a time.
class [[nodiscard]] FlowPermit {
 public:
  FlowPermit() noexcept = default;
  FlowPermit(Permit permit, std::shared_ptr<PolicyStack> stack,
             std::shared_ptr<detail::PermitHome> home) noexcept
      : stack_(std::move(stack)), permit_(std::move(permit)), home_(std::move(home)) {}
  FlowPermit(FlowPermit&&) noexcept = default;
  FlowPermit& operator=(FlowPermit&& other) noexcept {
    if (this == &other) return *this;
    release();
    stack_ = std::move(other.stack_);
    permit_ = std::move(other.permit_);
    home_ = std::move(other.home_);
    return *this;
  }
  ~FlowPermit() { release(); }

  explicit operator bool() const noexcept { return static_cast<bool>(permit_); }

  void complete(Outcome outcome, Instant now) && noexcept {
    std::move(permit_).complete(outcome, now);
    release();
  }

 private:
  void release() noexcept {
    permit_ = Permit();
    if (const auto home = std::exchange(home_, nullptr)) home->room();
    stack_.reset();
  }

  std::shared_ptr<PolicyStack> stack_;  // outlives permit_
  Permit permit_;
  std::shared_ptr<detail::PermitHome> home_;
};

/// An item and the permit to work on it.
template <typename T>
struct Admitted {
  T item;
  FlowPermit permit;
};

struct GuardOptions {
  /// Items that wait for admission, at most. They have been pulled already; the flow behind them
  /// has not: one is enough, unless the upstream is slow to answer a request.
  uint64_t items = 1;

  /// How long to wait before asking again when the refusal gave no hint. A permit of this flow that
  /// comes home asks at once, so this is for limits that others share. retry_after is cut to the
  /// second.
  Duration retry_min = std::chrono::milliseconds(1);
  Duration retry_max = std::chrono::milliseconds(100);

  /// What to do with an item that is refused for a reason that waiting does not cure: end the flow
  /// with StreamFault::kRejected, or drop it and tell `on_reject`.
  bool fail_on_reject = true;
  std::function<void(const Rejection&)> on_reject{};

  /// For every item, unless a function of the item is given to guard().
  RequestContext context{};
};

namespace detail {

template <typename T, typename ContextOf>
class GuardStage final : public DrainStage<T, Admitted<T>, GuardStage<T, ContextOf>>,
                         public PermitHome {
  using Base = DrainStage<T, Admitted<T>, GuardStage>;
  friend Base;

 public:
  GuardStage(std::shared_ptr<Subscriber<Admitted<T>>> down, std::shared_ptr<PolicyStack> stack,
             TimedScheduler& timers, GuardOptions options, ContextOf context_of)
      : Base(std::move(down)),
        options_(std::move(options)),
        stack_(std::move(stack)),
        timers_(timers),
        context_of_(std::move(context_of)),
        ring_(options_.items),
        alarm_(std::make_shared<Alarm>()),
        replenisher_(options_.items) {
    WEIR_ASSERT(options_.items >= 1 && options_.items <= kBufferItemsMax);
  }

  void on_next(T item) noexcept override {
    if (ending_.done()) return;
    if (!ring_.push(std::move(item))) return fail_overflow();
    ring_.publish();
    drain();
  }
  void room() noexcept override { drain(); }

 private:
  using Base::down_, Base::ending_, Base::up_;
  using Base::drain, Base::fail_overflow, Base::stop;

  struct Alarm final : TimerTask {
    void run() noexcept override {
      armed.store(false, std::memory_order_release);
      if (const auto owner = stage.lock()) owner->drain();
    }
    std::weak_ptr<GuardStage> stage;
    std::atomic<bool> armed{false};
  };

  uint64_t first_request() const noexcept { return options_.items; }

  void look() noexcept {
    if (!down_.present()) return ring_.clear();
    const bool done = ending_.done();  // before the ring
    down_.open();
    while (down_.wants() && ring_.front() != nullptr && admit_front()) {
    }
    down_.close();
    if (down_.present()) down_.flush();
    if (down_.stopped()) {
      stop();
      ring_.clear();
    } else if (done && ring_.front() == nullptr) {
      down_.finish(ending_.error());
    }
  }

  // False when the front item has to wait, or the flow has ended.
  bool admit_front() noexcept {
    const Instant now = timers_.now();
    auto admitted = stack_->admit(context_of_(std::as_const(*ring_.front())), now);
    if (!admitted && worth_waiting(admitted.error().reason)) {
      ask_again(now, admitted.error().retry_after);
      return false;
    }
    T item = ring_.take();
    if (admitted) {
      down_.emit(
          {std::move(item), FlowPermit(std::move(*admitted), stack_, this->shared_from_this())});
    } else if (!reject(admitted.error())) {
      return false;
    }
    if (const uint64_t more = replenisher_.used(1); more != 0) up_->request(more);
    return true;
  }

  bool reject(const Rejection& rejection) noexcept {
    if (options_.on_reject) options_.on_reject(rejection);
    if (!options_.fail_on_reject) return true;
    up_->cancel();
    down_.finish(StreamError::fault(StreamFault::kRejected, to_string(rejection.reason)));
    return false;
  }

  void ask_again(Instant now, Duration hint) noexcept {
    if (alarm_->armed.exchange(true, std::memory_order_acq_rel)) return;
    alarm_->stage = this->weak_from_this();
    timers_.post_at(now + std::clamp(hint, options_.retry_min, options_.retry_max), alarm_);
  }

  const GuardOptions options_;
  const std::shared_ptr<PolicyStack> stack_;
  TimedScheduler& timers_;
  ContextOf context_of_;
  SpscRing<T> ring_;
  const std::shared_ptr<Alarm> alarm_;
  Replenisher replenisher_;  // the drain's
};

template <FlowLike P, typename ContextOf>
auto guarded_flow(P source, std::shared_ptr<PolicyStack> stack, TimedScheduler& timers,
                  GuardOptions options, ContextOf context_of) {
  using T = typename P::Item;
  using Stage = GuardStage<T, ContextOf>;
  return lift<Admitted<T>>([source = std::move(source), stack = std::move(stack), &timers,
                            options = std::move(options), context_of](auto down) {
    source.subscribe(std::make_shared<Stage>(std::move(down), stack, timers, options, context_of));
  });
}

}  // namespace detail

/// Emits Admitted<T>: each item with a permit of `stack`, which whoever does the work completes. An
/// item that is refused for want of room waits, and the upstream with it, until a permit comes home
/// or the hint has passed; so the pull follows what the policies allow. `context_of(item)` says
/// what the policies may know. Any number of flows, and other hosts, may share a stack. `timers`
/// must outlive the flow's subscriptions.
template <typename ContextOf>
auto guard(std::shared_ptr<PolicyStack> stack, TimedScheduler& timers, ContextOf context_of,
           GuardOptions options = {}) {
  WEIR_ASSERT(stack != nullptr);
  return [stack = std::move(stack), &timers, options = std::move(options),
          context_of = std::move(context_of)]<FlowLike P>(P source) {
    return detail::guarded_flow(std::move(source), stack, timers, options, context_of);
  };
}

inline auto guard(std::shared_ptr<PolicyStack> stack, TimedScheduler& timers,
                  GuardOptions options = {}) {
  const RequestContext context = options.context;
  return guard(
      std::move(stack), timers, [context](const auto&) noexcept { return context; },
      std::move(options));
}

/// guard() with one policy, for example the Limiter that also decides about inbound requests: the
/// same number bounds both, and what the flow works on counts against it. The limiter's host ticks
/// it.
inline auto limit_by(std::shared_ptr<Policy> limiter, TimedScheduler& timers,
                     GuardOptions options = {}) {
  auto stack =
      std::make_shared<PolicyStack>(std::vector<std::shared_ptr<Policy>>{std::move(limiter)});
  return guard(std::move(stack), timers, std::move(options));
}

}  // namespace weir::streams
