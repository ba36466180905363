// BrpcLimit: Little's law over the best throughput and the least latency seen (Apache brpc "auto").
#pragma once

#include "weir/base/rng.h"
#include "weir/control/limit.h"
#include "weir/control/limit_math.h"

namespace weir {

struct BrpcLimitOptions {
  uint32_t initial = 40;
  LimitRange range{1, 100'000};
  double alpha = 0.1;            ///< weight of a lower latency; a tenth of it forgets throughput
  double explore_max = 0.3;      ///< headroom over the estimated capacity, at most
  double explore_min = 0.06;     ///< … and at least
  double explore_step = 0.02;    ///< change of the headroom a window
  double remeasure_ratio = 0.9;  ///< of the estimate, while the least latency is measured anew
  Duration remeasure_interval = std::chrono::seconds(50);  ///< at most; at least half of it
  uint64_t samples_min = 100;  ///< a window of `duration_max` with fewer samples says nothing
  WindowSpec window{Duration{}, 200, std::chrono::seconds(1)};
  uint64_t seed = 1;
};

/// Why: a service at capacity has throughput × latency requests in flight; with the latency it has
/// when it does not queue, that product is the limit.
///
/// Formula (Apache brpc, auto_concurrency_limiter.cpp): per window, with the mean latency r and the
/// rate q: r_min falls towards r by EWMA 0.1 and never rises; q_max jumps up to q and falls by EWMA
/// 0.01. The headroom e moves up by 0.02 when r ≤ r_min·1.06 or q ≤ q_max/1.06, else down, in
/// 0.06–0.3. L' = r_min·q_max·(1 + e). Every 25–50 s L' = 0.9·r_min·q_max for two latencies, then
/// r_min is forgotten and measured anew. A window with failures only halves L.
///
/// Regimes: estimate (most of the time); drain and re-measure. Between two re-measurements a
/// service that became slower is held to its old latency and under-used.
///
/// Windowed port: a window closes at 200 samples or at 1 s as in brpc. Failed requests add no
/// latency (weir takes no sample from them), so brpc's punishment by failed latency is left out.
///
/// When not to use: quickly changing services (up to 50 s of a wrong r_min), and rates below 100 a
/// second, where no window is ever full and the limit stays what it was (brpc #1006).
class BrpcLimit final : public Limit {
 public:
  explicit BrpcLimit(BrpcLimitOptions options = {}) noexcept;

  std::string_view name() const noexcept override { return "brpc"; }
  uint32_t initial() const noexcept override { return options_.initial; }
  WindowSpec window() const noexcept override;
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  void draw_remeasure_at(Instant now) noexcept;
  double estimate() const noexcept { return rate_max_ * latency_min_s_; }
  LimitDecision decide(double limit, LimitCause cause) noexcept;

  BrpcLimitOptions options_;
  Rng rng_;
  double limit_;
  double latency_min_s_ = 0;  // 0: none yet
  double rate_max_ = 0;
  double explore_;
  bool scheduled_ = false;  // remeasure_at_ is set with the first window
  Instant remeasure_at_{};
  Duration drain_{};  // > 0: waiting for the queue to drain before measuring anew
};

}  // namespace weir
