#include "weir/control/brpc_limit.h"

namespace weir {

BrpcLimit::BrpcLimit(BrpcLimitOptions options) noexcept
    : options_(options),
      rng_(options.seed),
      limit_(options.initial),
      explore_(options.explore_max) {}

WindowSpec BrpcLimit::window() const noexcept {
  return drain_ > Duration{} ? WindowSpec{drain_, 0, drain_} : options_.window;
}

void BrpcLimit::draw_remeasure_at(Instant now) noexcept {
  const double half = to_seconds(options_.remeasure_interval) / 2;
  remeasure_at_ = now + from_seconds(half * (1 + rng_.uniform()));
}

LimitDecision BrpcLimit::update(const WindowStats& window, Instant now) noexcept {
  if (!scheduled_) draw_remeasure_at(now);
  scheduled_ = true;
  if (drain_ > Duration{}) {  // the window that just ended was the wait for the queue to drain
    drain_ = Duration{};
    latency_min_s_ = 0;
    draw_remeasure_at(now);
    return decide(limit_, LimitCause::kProbeEnd);
  }
  const uint64_t ended = window.successes + window.failures + window.dropped;
  if (ended < options_.samples_min) return decide(limit_, LimitCause::kHold);
  if (window.samples() == 0) return decide(limit_ / 2, LimitCause::kDrops);

  const double latency_s = window.latency.sum_ns() / static_cast<double>(window.samples()) * 1e-9;
  if (latency_min_s_ <= 0)
    latency_min_s_ = latency_s;
  else if (latency_s < latency_min_s_)
    latency_min_s_ += options_.alpha * (latency_s - latency_min_s_);
  const double rate = window.throughput_per_second();
  rate_max_ = rate >= rate_max_ ? rate : rate_max_ + options_.alpha / 10 * (rate - rate_max_);

  if (now >= remeasure_at_) {
    drain_ = from_seconds(2 * latency_s);
    return decide(estimate() * options_.remeasure_ratio, LimitCause::kProbe);
  }
  const double slack = 1 + options_.explore_min;
  const bool room = latency_s <= latency_min_s_ * slack || rate <= rate_max_ / slack;
  explore_ = std::clamp(explore_ + (room ? options_.explore_step : -options_.explore_step),
                        options_.explore_min, options_.explore_max);
  const double next = estimate() * (1 + explore_);
  return decide(next, next > limit_ ? LimitCause::kGrow : LimitCause::kShrink);
}

LimitDecision BrpcLimit::decide(double limit, LimitCause cause) noexcept {
  limit_ = clamp_to(options_.range, limit);
  return {.limit = whole(limit_), .cause = cause, .figures = {latency_min_s_, rate_max_, explore_}};
}

const FigureNames& BrpcLimit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {"latency_min_seconds", "rate_max_per_second",
                                         "explore_ratio"};
  return kNames;
}

}  // namespace weir
