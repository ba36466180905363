// VegasLimit: hold the estimated queue inside the service between two small bounds.
#pragma once

#include "weir/base/rng.h"
#include "weir/control/limit.h"
#include "weir/control/limit_math.h"

namespace weir {

struct VegasLimitOptions {
  uint32_t initial = 20;
  LimitRange range{1, 1000};
  double smoothing = 1.0;        ///< weight of the new limit, in (0, 1]
  double probe_multiplier = 30;  ///< re-measure the minimum about every 30·L samples
  WindowSpec window{Duration{}, 1, std::chrono::seconds(1)};
  uint64_t seed = 1;  ///< for the jitter of the probes
};

/// Why: the excess of latency over its minimum, times the limit, is the number of requests that
/// queue inside the service; a few are wanted (all workers stay busy), many are not.
///
/// Formula (Netflix concurrency-limits, VegasLimit): q = ⌈L·(1 − rtt_min/rtt)⌉ and
/// l = max(1, ⌊log10 L⌋). A drop: L − l. Else held while 2·inflight < L. Else q ≤ l: L + 6·l;
/// q < 3·l: L + l; q > 6·l: L − l; otherwise held. After U(0.5, 1)·30·L samples the next latency
/// becomes rtt_min, whatever it is.
///
/// Regimes: fast growth without queueing, then a stable band of 3 to 6 queued requests. When the
/// minimum is older than the service's present state it shrinks healthy traffic.
///
/// Windowed port: one step a window, with the window's mean latency and peak in flight (as Netflix'
/// own WindowedLimit feeds it). The default window closes at the first completion.
///
/// When not to use: latency with a wide or bimodal distribution. One lucky fast request becomes the
/// baseline and half of healthy traffic is refused (concurrency-limits #37).
class VegasLimit final : public Limit {
 public:
  explicit VegasLimit(VegasLimitOptions options = {}) noexcept;

  std::string_view name() const noexcept override { return "vegas"; }
  uint32_t initial() const noexcept override { return options_.initial; }
  WindowSpec window() const noexcept override { return options_.window; }
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  LimitDecision hold(double rtt_ns) const noexcept;
  LimitDecision step(const WindowStats& window, double rtt_ns) noexcept;
  void draw_probe_jitter() noexcept { probe_jitter_ = 0.5 + 0.5 * rng_.uniform(); }

  VegasLimitOptions options_;
  Rng rng_;
  double limit_;
  double rtt_min_ns_ = 0;  // 0: none yet
  double probe_jitter_ = 1;
  uint64_t samples_since_probe_ = 0;
};

}  // namespace weir
