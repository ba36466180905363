// Credits: demand that somebody else hands out, for example a service that says how much it will
// take.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "weir/base/assert.h"
#include "weir/streams/demand_relay.h"
#include "weir/streams/shared_slot.h"

namespace weir::streams {

/// A stock of credits, one an item. grant() may be called from any thread, and from inside on_next.
/// Feeds one flow's subscription at a time.
class CreditStock {
 public:
  /// `n` more items may be requested. Saturates at kUnbounded.
  void grant(uint64_t n) noexcept {
    credits_.add(n);
    if (const auto relay = relay_.load().lock()) relay->pump();
  }

  /// Takes up to `wanted`; returns how many.
  uint64_t take(uint64_t wanted) noexcept {
    const uint64_t taken = std::min(wanted, credits_.value());
    if (taken != 0) credits_.sub(taken);
    return taken;
  }

  uint64_t available() const noexcept { return credits_.value(); }

  /// Whom to wake when credits come.
  void attach(const std::shared_ptr<DemandRelay>& relay) noexcept { relay_.exchange(relay); }

 private:
  DemandCounter credits_;
  SharedSlot<std::weak_ptr<DemandRelay>> relay_;
};

namespace detail {

class CreditRelay final : public DemandRelay {
 public:
  explicit CreditRelay(std::shared_ptr<CreditStock> stock) : stock_(std::move(stock)) {}

 protected:
  uint64_t grant(uint64_t wanted) noexcept override { return stock_->take(wanted); }

 private:
  const std::shared_ptr<CreditStock> stock_;
};

}  // namespace detail

/// The upstream is asked for an item when both the downstream and the stock of credits allow it.
inline auto with_credits(std::shared_ptr<CreditStock> stock) {
  WEIR_ASSERT(stock != nullptr);
  return [stock = std::move(stock)]<FlowLike P>(P source) {
    return relayed(std::move(source), [stock] {
      auto relay = std::make_shared<detail::CreditRelay>(stock);
      stock->attach(relay);
      return relay;
    });
  };
}

}  // namespace weir::streams
