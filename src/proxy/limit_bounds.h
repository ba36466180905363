// LimitBounds: between which numbers a law may move the limit, changeable while it runs.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/control/limit.h"

namespace weir::proxy {

/// Any thread. min ≥ 1 and min ≤ max are the setter's duty; a reader that sees one of two changes
/// is corrected by the law's next decision.
struct LimitBounds {
  LimitBounds(uint32_t least, uint32_t most) noexcept : min(least), max(most) {}

  std::atomic<uint32_t> min;
  std::atomic<uint32_t> max;

  uint32_t held(uint32_t limit) const noexcept {
    const uint32_t most = max.load(std::memory_order_relaxed);
    return std::clamp(limit, std::min(min.load(std::memory_order_relaxed), most), most);
  }
};

/// A law whose decisions are held within bounds that an operator may move. They are in force from
/// the law's next decision on.
class BoundedLaw final : public Limit {
 public:
  BoundedLaw(std::unique_ptr<Limit> law, std::shared_ptr<const LimitBounds> bounds) noexcept
      : law_(std::move(law)), bounds_(std::move(bounds)) {}

  std::string_view name() const noexcept override { return law_->name(); }
  uint32_t initial() const noexcept override { return bounds_->held(law_->initial()); }
  WindowSpec window() const noexcept override { return law_->window(); }
  const FigureNames& figure_names() const noexcept override { return law_->figure_names(); }
  LimitDecision update(const WindowStats& window, Instant now) noexcept override {
    LimitDecision decision = law_->update(window, now);
    decision.limit = bounds_->held(decision.limit);
    return decision;
  }

 private:
  std::unique_ptr<Limit> law_;
  std::shared_ptr<const LimitBounds> bounds_;
};

}  // namespace weir::proxy
