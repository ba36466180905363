// AimdLimit: additive increase, multiplicative decrease; TCP Reno's answer applied to requests.
#pragma once

#include "weir/control/limit.h"
#include "weir/control/limit_math.h"

namespace weir {

struct AimdLimitOptions {
  uint32_t initial = 20;
  LimitRange range{20, 200};
  double backoff = 0.9;                        ///< factor on overload, in (0, 1)
  Duration timeout = std::chrono::seconds(5);  ///< a mean latency above it counts as overload
  WindowSpec window{Duration{}, 1, std::chrono::seconds(1)};
};

/// Why: loss (a time-out, an overload answer) is the one signal every service gives.
///
/// Formula (Netflix concurrency-limits, AIMDLimit): L' = ⌊0.9·L⌋ when the window holds a drop or
/// its mean latency exceeds `timeout`; else L' = L + 1 when 2·inflight ≥ L; else L' = L. Limits in
/// 20–200.
///
/// Regimes: far from overload it climbs by 1 a window; at overload it saws between 0.9·L and L. It
/// learns nothing before requests already time out, so the queue inside the service is always as
/// long as the clients' patience.
///
/// Windowed port: Netflix updates at each completion. The default window closes at the first
/// completion too, but a host that polls less often gives it several completions in one step; any
/// drop among them counts once.
///
/// When not to use: with clients that wait longer than you want them to; at 10× open-loop overload
/// it reaches .58 of capacity with a p99 of the clients' time-out (design study, 64 workers).
class AimdLimit final : public Limit {
 public:
  explicit AimdLimit(AimdLimitOptions options = {}) noexcept
      : options_(options), limit_(options.initial) {}

  std::string_view name() const noexcept override { return "aimd"; }
  uint32_t initial() const noexcept override { return options_.initial; }
  WindowSpec window() const noexcept override { return options_.window; }
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  AimdLimitOptions options_;
  uint32_t limit_;
};

}  // namespace weir
