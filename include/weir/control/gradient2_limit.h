// Gradient2Limit: compare the latency of now with its long average.
#pragma once

#include "weir/control/limit.h"
#include "weir/control/limit_math.h"

namespace weir {

struct Gradient2LimitOptions {
  uint32_t initial = 20;
  LimitRange range{20, 200};
  double smoothing = 0.2;  ///< weight of the new limit, in (0, 1]
  double tolerance = 1.5;  ///< latency may rise to this multiple of the long average unpunished
  double queue_size = 4;   ///< requests of queueing allowed, the constant push upwards
  int long_window = 600;   ///< updates the long average spans
  /// Netflix' WindowedLimit, which its documentation puts around this law: 1 s and 10 samples.
  WindowSpec window{std::chrono::seconds(1), 10, std::chrono::seconds(10)};
};

/// Why: a minimum is a bad baseline when work is heterogeneous; an average is not.
///
/// Formula (Netflix concurrency-limits, Gradient2Limit): short = mean latency of the window;
/// long = mean of the first 10, then EWMA with factor 2/(600 + 1); long ×0.95 when long/short > 2;
/// held while inflight < L/2; g = clamp(1.5·long/short, 0.5, 1);
/// L' = 0.8·L + 0.2·(g·L + 4), in 20–200.
///
/// Regimes: in healthy traffic it grows by 0.8 a window. Under overload latency first exceeds
/// 1.5·long and L shrinks; then long follows short, g returns to 1 and L climbs again: under
/// sustained overload the limit drifts to its maximum (concurrency-limits #137, #165).
///
/// Windowed port: exact, the library windows it as well; `inflight` is the window's peak.
///
/// When not to use: overloads that last longer than the long window, or a service that becomes
/// lastingly slower.
class Gradient2Limit final : public Limit {
 public:
  explicit Gradient2Limit(Gradient2LimitOptions options = {}) noexcept
      : options_(options), limit_(options.initial) {}

  std::string_view name() const noexcept override { return "gradient2"; }
  uint32_t initial() const noexcept override { return options_.initial; }
  WindowSpec window() const noexcept override { return options_.window; }
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  void add_long(double rtt_ns) noexcept;

  Gradient2LimitOptions options_;
  double limit_;
  double long_ns_ = 0;
  double long_sum_ns_ = 0;  // over the warm-up
  int long_count_ = 0;
};

}  // namespace weir
