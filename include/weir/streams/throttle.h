// throttle: so many items in so much time, by asking no faster.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "weir/base/assert.h"
#include "weir/streams/demand_relay.h"
#include "weir/streams/scheduler.h"

namespace weir::streams {

struct ThrottleOptions {
  uint64_t items = 1;          ///< this many ...
  Duration per = Duration(1);  ///< ... in this time, on average
  uint64_t burst = 1;          ///< and at most this many at once after a pause
};

namespace detail {

/// The generic cell rate algorithm (ITU-T I.371): one instant says all there is to know.
class ThrottleRelay final : public DemandRelay {
 public:
  ThrottleRelay(TimedScheduler& timers, ThrottleOptions options)
      : timers_(timers),
        interval_(std::max(Duration(1), options.per / static_cast<int64_t>(options.items))),
        tolerance_(interval_ * static_cast<int64_t>(options.burst)),
        alarm_(std::make_shared<Alarm>()) {}

 protected:
  uint64_t grant(uint64_t wanted) noexcept override {
    const Instant now = timers_.now();
    const Instant free_at = std::max(free_at_, now);
    const auto slots = static_cast<uint64_t>((now + tolerance_ - free_at) / interval_);
    const uint64_t granted = std::min(wanted, slots);
    free_at_ = free_at + interval_ * static_cast<int64_t>(granted);
    if (granted < wanted) wake_at(free_at_ + interval_ - tolerance_);
    return granted;
  }

 private:
  struct Alarm final : TimerTask {
    void run() noexcept override {
      const auto owner = relay.lock();
      armed.store(false, std::memory_order_release);
      if (owner != nullptr) owner->pump();
    }
    std::weak_ptr<DemandRelay> relay;  // a flow that is gone need not be waited for
    std::atomic<bool> armed{false};
  };

  void wake_at(Instant when) noexcept {
    if (alarm_->armed.exchange(true, std::memory_order_acq_rel)) return;
    alarm_->relay = weak_from_this();
    timers_.post_at(when, alarm_);
  }

  TimedScheduler& timers_;
  const Duration interval_;
  const Duration tolerance_;
  Instant free_at_{};  // when the slots of what was granted end
  const std::shared_ptr<Alarm> alarm_;
};

}  // namespace detail

/// Asks the upstream for `items` in `per` at the most, evenly, with bursts of `burst`. Nothing is
/// dropped or buffered: the upstream simply is not asked. Rounded to whole nanoseconds an item.
inline auto throttle(TimedScheduler& timers, ThrottleOptions options) {
  WEIR_ASSERT(options.items >= 1 && options.burst >= 1 && options.per > Duration::zero());
  return [&timers, options]<FlowLike P>(P source) {
    return relayed(std::move(source), [&timers, options] {
      return std::make_shared<detail::ThrottleRelay>(timers, options);
    });
  };
}

}  // namespace weir::streams
