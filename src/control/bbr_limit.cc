#include "weir/control/bbr_limit.h"

namespace weir {

BbrLimit::BbrLimit(BbrLimitOptions options) : options_(options), ring_(options.buckets) {}

void BbrLimit::observe(const WindowStats& window, Instant /*now*/) noexcept {
  const auto finished = static_cast<double>(window.successes);
  const double mean_ms = window.samples() > 0 ? to_seconds(window.latency.mean()) * 1e3 : 0;
  ring_[next_] = {finished, mean_ms};
  next_ = (next_ + 1) % ring_.size();
  const double length = to_seconds(window.length());
  cpu_sum_ += window.cpu_used_ratio * length;
  cpu_seconds_ += length;
  // Half a bucket of tolerance: windows are never exactly as long as asked for.
  if (cpu_seconds_ + length / 2 < to_seconds(options_.cpu_period)) return;
  cpu_ = cpu_ * options_.cpu_decay + cpu_sum_ / cpu_seconds_ * (1 - options_.cpu_decay);
  cpu_sum_ = cpu_seconds_ = 0;
}

double BbrLimit::inflight_max() const noexcept {
  double finished = 1;
  double latency_ms = 0;
  for (const Bucket& bucket : ring_) {
    finished = std::max(finished, bucket.finished);
    if (bucket.latency_ms > 0)
      latency_ms = latency_ms == 0 ? bucket.latency_ms : std::min(latency_ms, bucket.latency_ms);
  }
  const double per_second = 1 / to_seconds(options_.bucket);
  return std::floor(finished * std::max(1.0, std::ceil(latency_ms)) * per_second / 1000 + 0.5);
}

LimitDecision BbrLimit::update(const WindowStats& window, Instant now) noexcept {
  observe(window, now);
  const double most = inflight_max();
  const bool hot = cpu_ >= options_.cpu_threshold;
  if (hot && !refusing_ && window.limited > 0) {
    refusing_ = true;
    refusing_since_ = now;
  }
  if (!hot && refusing_ && now - refusing_since_ > options_.dropping) refusing_ = false;
  LimitDecision decision{.limit = options_.range.max, .cause = LimitCause::kNotSaturated};
  if (hot || refusing_) {
    // An arrival passes while no more than `most`, itself not counted, are in flight.
    decision.limit = whole(clamp_to(options_.range, std::max(1.0, most) + 1));
    decision.cause = LimitCause::kHostPressure;
  }
  decision.figures[0] = cpu_;
  decision.figures[1] = most;
  return decision;
}

const FigureNames& BbrLimit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {"cpu_ratio", "inflight_max"};
  return kNames;
}

}  // namespace weir
