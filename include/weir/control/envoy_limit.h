// EnvoyLimit: the gradient controller of Envoy's adaptive concurrency filter.
#pragma once

#include "weir/base/rng.h"
#include "weir/control/limit.h"
#include "weir/control/limit_math.h"
#include "weir/stats/histogram.h"

namespace weir {

struct EnvoyLimitOptions {
  LimitRange range{3, 1000};    ///< the minimum is also the start and the probe's limit
  double quantile = 0.5;        ///< of the latencies in a window
  double buffer = 0.25;         ///< share of the baseline that latency may vary unpunished
  uint64_t probe_samples = 50;  ///< requests to measure the baseline with
  Duration probe_interval = std::chrono::seconds(60);
  double probe_jitter = 0.15;  ///< up to this share is added to the interval, at random
  int floor_windows_max = 5;   ///< windows in a row at the minimum that force a probe
  Duration window = std::chrono::milliseconds(100);
  uint64_t seed = 1;
};

/// Why: a baseline must be measured without load, so make it so: now and then let only 3 through.
///
/// Formula (Envoy, gradient_controller.cc): g = clamp(1.25·rtt_min/rtt, 0.5, 2), both medians;
/// L' = g·L + √(g·L), in 3–1000, every 100 ms. rtt_min is the median of 50 requests that were
/// admitted while the limit stood at 3; it is measured at the start, then every 60–69 s, and after
/// 5 windows in a row at the minimum. Afterwards the limit of before the probe is restored.
///
/// Regimes: probe (L = 3); growth (g up to 2 a window); equilibrium near the limit where the median
/// is 1.25·rtt_min plus the √L of headroom.
///
/// Windowed port: exact, Envoy windows by time as well; a probe ends with the window in which the
/// 50th sample arrives.
///
/// When not to use: low rates (50 requests at 3 in flight take long, and the rest is refused
/// meanwhile: envoy #8337), or services that must not see the drop at each probe.
class EnvoyLimit final : public Limit {
 public:
  explicit EnvoyLimit(EnvoyLimitOptions options = {}) noexcept;

  std::string_view name() const noexcept override { return "envoy"; }
  uint32_t initial() const noexcept override { return options_.range.min; }
  WindowSpec window() const noexcept override;
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  LimitDecision begin_probe(Instant now) noexcept;
  LimitDecision continue_probe(const WindowStats& window, Instant now) noexcept;
  LimitDecision decide(LimitCause cause, double rtt_ns, double gradient) const noexcept;

  EnvoyLimitOptions options_;
  Rng rng_;
  uint32_t limit_;
  uint32_t limit_before_probe_;
  bool probing_ = true;
  Histogram probe_latency_;
  double rtt_min_ns_ = 0;
  Instant probe_at_ = kInstantMax;
  Instant sample_from_{};
  int floor_windows_ = 0;
};

}  // namespace weir
