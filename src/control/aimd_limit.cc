#include "weir/control/aimd_limit.h"

namespace weir {

LimitDecision AimdLimit::update(const WindowStats& window, Instant /*now*/) noexcept {
  const Duration mean = window.latency.mean();
  LimitCause cause = LimitCause::kHold;
  double next = limit_;
  if (window.dropped > 0 || mean > options_.timeout) {
    next = std::floor(limit_ * options_.backoff);
    cause = LimitCause::kDrops;
  } else if (window.samples() > 0 && 2 * uint64_t{window.inflight_peak} >= limit_) {
    next = limit_ + 1.0;
    cause = LimitCause::kGrow;
  }
  limit_ = whole(clamp_to(options_.range, next));
  return {.limit = limit_,
          .cause = cause,
          .figures = {to_seconds(mean), static_cast<double>(window.dropped)}};
}

const FigureNames& AimdLimit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {"latency_seconds", "dropped"};
  return kNames;
}

}  // namespace weir
