#include "weir/control/gradient2_limit.h"

namespace weir {
namespace {

constexpr int kWarmUp = 10;        // updates averaged plainly before the EWMA takes over
constexpr double kDriftRatio = 2;  // the long average is this far above: help it down
constexpr double kDriftDecay = 0.95;

}  // namespace

void Gradient2Limit::add_long(double rtt_ns) noexcept {
  if (long_count_ < kWarmUp) {
    ++long_count_;
    long_sum_ns_ += rtt_ns;
    long_ns_ = long_sum_ns_ / long_count_;
    return;
  }
  const double factor = 2.0 / (options_.long_window + 1);
  long_ns_ = long_ns_ * (1 - factor) + rtt_ns * factor;
}

LimitDecision Gradient2Limit::update(const WindowStats& window, Instant /*now*/) noexcept {
  LimitDecision decision{.limit = whole(limit_), .cause = LimitCause::kHold};
  if (window.samples() == 0) return decision;
  const auto short_ns = static_cast<double>(window.latency.mean().count());
  add_long(short_ns);
  const double ratio = long_ns_ / short_ns;
  if (ratio > kDriftRatio) long_ns_ *= kDriftDecay;
  decision.figures[0] = long_ns_ * 1e-9;
  decision.figures[1] = short_ns * 1e-9;
  if (window.inflight_peak < limit_ / 2) {
    decision.cause = LimitCause::kNotSaturated;
    return decision;
  }
  const double gradient = std::clamp(options_.tolerance * ratio, 0.5, 1.0);
  const double target = limit_ * gradient + options_.queue_size;
  const double next =
      clamp_to(options_.range, limit_ * (1 - options_.smoothing) + target * options_.smoothing);
  decision.cause =
      next < limit_ ? LimitCause::kShrink : (next > limit_ ? LimitCause::kGrow : LimitCause::kHold);
  limit_ = next;
  decision.limit = whole(limit_);
  decision.figures[2] = gradient;
  return decision;
}

const FigureNames& Gradient2Limit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {"long_seconds", "short_seconds", "gradient"};
  return kNames;
}

}  // namespace weir
