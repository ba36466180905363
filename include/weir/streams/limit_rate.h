// limit_rate: large requests reach the upstream in small ones.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "weir/base/assert.h"
#include "weir/streams/demand_relay.h"

namespace weir::streams {

namespace detail {

class LimitRateRelay final : public DemandRelay {
 public:
  explicit LimitRateRelay(uint64_t items) noexcept : items_(items), settle_at_(items - items / 4) {}

  // Arrivals are settled three quarters of a batch at a time. In between, less seems free than is,
  // but never nothing: at least a quarter is free once all have arrived.
  void arrived(uint64_t) noexcept override {
    if (++arrived_ < settle_at_) return;
    outstanding_.fetch_sub(std::exchange(arrived_, 0), std::memory_order_acq_rel);
    pump();
  }

 protected:
  uint64_t grant(uint64_t wanted) noexcept override {
    const uint64_t room = items_ - outstanding_.load(std::memory_order_acquire);
    const uint64_t granted = std::min(wanted, room);
    outstanding_.fetch_add(granted, std::memory_order_acq_rel);
    return granted;
  }

 private:
  const uint64_t items_;
  const uint64_t settle_at_;
  uint64_t arrived_ = 0;  // the upstream's thread
  std::atomic<uint64_t> outstanding_{0};
};

}  // namespace detail

/// Never more than `items` are on their way from the upstream, however much was requested; it is
/// asked for the next three quarters when so many have arrived. Buffers nothing.
inline auto limit_rate(uint64_t items) {
  WEIR_ASSERT(items >= 1 && items < kUnbounded);
  return [items]<FlowLike P>(P source) {
    return relayed(std::move(source),
                   [items] { return std::make_shared<detail::LimitRateRelay>(items); });
  };
}

}  // namespace weir::streams
