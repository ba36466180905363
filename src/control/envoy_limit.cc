#include "weir/control/envoy_limit.h"

namespace weir {
namespace {

// Envoy's timers wait for samples without bound; a day is that, and cannot overflow an Instant.
constexpr Duration kForever = std::chrono::hours(24);

}  // namespace

EnvoyLimit::EnvoyLimit(EnvoyLimitOptions options) noexcept
    : options_(options),
      rng_(options.seed),
      limit_(options.range.min),
      limit_before_probe_(options.range.min) {}

WindowSpec EnvoyLimit::window() const noexcept {
  if (!probing_) return {options_.window, 1, kForever};
  const uint64_t have = probe_latency_.count();
  const uint64_t missing = options_.probe_samples > have ? options_.probe_samples - have : 1;
  return {Duration{}, missing, kForever};
}

LimitDecision EnvoyLimit::update(const WindowStats& window, Instant now) noexcept {
  if (probing_) return continue_probe(window, now);
  if (now >= probe_at_) return begin_probe(now);
  if (window.samples() == 0) return decide(LimitCause::kHold, 0, 0);

  const auto rtt_ns = static_cast<double>(window.latency.quantile(options_.quantile).count());
  const double gradient =
      std::clamp(rtt_min_ns_ * (1 + options_.buffer) / std::max(rtt_ns, 1.0), 0.5, 2.0);
  const double scaled = limit_ * gradient;
  const uint32_t before = limit_;
  limit_ = whole(clamp_to(options_.range, scaled + std::sqrt(scaled)));

  const bool at_floor = before == options_.range.min && limit_ == options_.range.min;
  floor_windows_ = at_floor ? floor_windows_ + 1 : 0;
  if (floor_windows_ >= options_.floor_windows_max) return begin_probe(now);
  const LimitCause cause = limit_ > before
                               ? LimitCause::kGrow
                               : (limit_ < before ? LimitCause::kShrink : LimitCause::kHold);
  return decide(cause, rtt_ns, gradient);
}

LimitDecision EnvoyLimit::begin_probe(Instant now) noexcept {
  probing_ = true;
  floor_windows_ = 0;
  probe_latency_.clear();
  limit_before_probe_ = limit_;
  limit_ = options_.range.min;
  sample_from_ = now;
  return decide(LimitCause::kProbe, 0, 0);
}

LimitDecision EnvoyLimit::continue_probe(const WindowStats& window, Instant now) noexcept {
  probe_latency_.merge(window.latency);
  if (probe_latency_.count() < options_.probe_samples) return decide(LimitCause::kProbe, 0, 0);
  rtt_min_ns_ = static_cast<double>(probe_latency_.quantile(options_.quantile).count());
  probe_latency_.clear();
  probing_ = false;
  limit_ = limit_before_probe_;
  const double jitter = rng_.uniform() * options_.probe_jitter;
  probe_at_ = now + from_seconds(to_seconds(options_.probe_interval) * (1 + jitter));
  return decide(LimitCause::kProbeEnd, rtt_min_ns_, 0);
}

LimitDecision EnvoyLimit::decide(LimitCause cause, double rtt_ns, double gradient) const noexcept {
  return {.limit = limit_,
          .cause = cause,
          .sample_from = sample_from_,
          .figures = {rtt_min_ns_ * 1e-9, rtt_ns * 1e-9, gradient}};
}

const FigureNames& EnvoyLimit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {"rtt_min_seconds", "rtt_seconds", "gradient"};
  return kNames;
}

}  // namespace weir
