// Credits: demand that somebody else hands out, for example a service that says how much it will
// take.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/base/assert.h"
#include "weir/streams/demand.h"
#include "weir/streams/demand_relay.h"
#include "weir/streams/shared_slot.h"

namespace weir::streams {

/// A stock of credits, one an item, and if the giver counts them, in bytes too. grant() may be
/// called from any thread, and from inside on_next. Feeds one flow's subscription at a time.
class CreditStock {
 public:
  /// So many more items may be requested, and so many more bytes may come; the last item may
  /// overdraw the bytes by less than itself. Both saturate at kUnbounded. A giver who counts bytes
  /// names them in every grant; one grant without them, and they count no more.
  void grant(uint64_t items, uint64_t bytes = kUnbounded) noexcept {
    credits_.request(items, bytes);
    if (const auto relay = relay_.load().lock()) relay->pump();
  }

  /// How many more items may be requested.
  uint64_t available() const noexcept { return credits_.items(); }
  uint64_t available_bytes() const noexcept { return credits_.bytes(); }

  /// Whom to wake when credits come.
  void attach(const std::shared_ptr<DemandRelay>& relay) noexcept { relay_.exchange(relay); }
  Demand& credits() noexcept { return credits_; }

 private:
  Demand credits_;
  SharedSlot<std::weak_ptr<DemandRelay>> relay_;
};

namespace detail {

class CreditRelay final : public DemandRelay {
 public:
  explicit CreditRelay(std::shared_ptr<CreditStock> stock) : stock_(std::move(stock)) {}

  void arrived(uint64_t bytes) noexcept override {
    stock_->credits().charge(bytes);
    if (one_out_.exchange(false, std::memory_order_acq_rel)) pump();
  }

 protected:
  uint64_t grant(uint64_t wanted) noexcept override {
    Demand& credits = stock_->credits();
    if (!credits.counts_bytes()) return credits.take(wanted);
    // Nobody knows the size of an item before it is there: one at a time.
    if (one_out_.exchange(true, std::memory_order_acq_rel)) return 0;
    const uint64_t taken = credits.take(1);
    if (taken == 0) one_out_.store(false, std::memory_order_release);
    return taken;
  }

 private:
  const std::shared_ptr<CreditStock> stock_;
  std::atomic<bool> one_out_{false};  // while bytes count: an item is on its way
};

}  // namespace detail

/// The upstream is asked for an item when both the downstream and the stock of credits allow it. So
/// a service that says how much more it will take, in items or in bytes, paces whatever feeds it.
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
