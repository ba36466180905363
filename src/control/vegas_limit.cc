#include "weir/control/vegas_limit.h"

namespace weir {
namespace {

// Netflix' Log10RootFunction: never below 1, so that small limits still move.
double log10_step(double limit) noexcept {
  return std::max(1.0, std::floor(std::log10(std::floor(limit))));
}

constexpr double kAlphaSteps = 3;
constexpr double kBetaSteps = 6;

}  // namespace

VegasLimit::VegasLimit(VegasLimitOptions options) noexcept
    : options_(options), rng_(options.seed), limit_(options.initial) {
  draw_probe_jitter();
}

LimitDecision VegasLimit::update(const WindowStats& window, Instant /*now*/) noexcept {
  const auto rtt_ns = static_cast<double>(window.latency.mean().count());
  if (window.samples() == 0) {
    if (window.dropped == 0) return hold(0);
    limit_ = clamp_to(options_.range, limit_ - log10_step(limit_));
    return {.limit = whole(limit_), .cause = LimitCause::kDrops};
  }
  samples_since_probe_ += window.samples();
  const double probe_after = probe_jitter_ * options_.probe_multiplier * limit_;
  if (static_cast<double>(samples_since_probe_) >= probe_after) {
    draw_probe_jitter();
    samples_since_probe_ = 0;
    rtt_min_ns_ = rtt_ns;
    return hold(rtt_ns);
  }
  if (rtt_min_ns_ == 0 || rtt_ns < rtt_min_ns_) {
    rtt_min_ns_ = rtt_ns;
    return hold(rtt_ns);
  }
  return step(window, rtt_ns);
}

LimitDecision VegasLimit::hold(double rtt_ns) const noexcept {
  return {.limit = whole(limit_),
          .cause = LimitCause::kHold,
          .figures = {rtt_min_ns_ * 1e-9, rtt_ns * 1e-9}};
}

LimitDecision VegasLimit::step(const WindowStats& window, double rtt_ns) noexcept {
  const double queue = std::ceil(limit_ * (1 - rtt_min_ns_ / rtt_ns));
  const double unit = log10_step(limit_);
  LimitDecision decision = hold(rtt_ns);
  decision.figures[2] = queue;
  double next = limit_;
  if (window.dropped > 0) {
    next = limit_ - unit;
    decision.cause = LimitCause::kDrops;
  } else if (2.0 * window.inflight_peak < limit_) {
    decision.cause = LimitCause::kNotSaturated;
    return decision;
  } else if (queue <= unit) {
    next = limit_ + kBetaSteps * unit;
    decision.cause = LimitCause::kGrow;
  } else if (queue < kAlphaSteps * unit) {
    next = limit_ + unit;
    decision.cause = LimitCause::kGrow;
  } else if (queue > kBetaSteps * unit) {
    next = limit_ - unit;
    decision.cause = LimitCause::kShrink;
  }
  next = clamp_to(options_.range, next);
  limit_ += options_.smoothing * (next - limit_);
  decision.limit = whole(limit_);
  return decision;
}

const FigureNames& VegasLimit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {"rtt_min_seconds", "rtt_seconds", "queue_estimate"};
  return kNames;
}

}  // namespace weir
