// FailsafeLimit: Vegas' thresholds on smoothed p90 latency, with a veto by correlation
// (failsafe-go).
#pragma once

#include <array>
#include <vector>

#include "weir/control/limit.h"
#include "weir/control/limit_math.h"

namespace weir {

struct FailsafeLimitOptions {
  uint32_t initial = 20;
  LimitRange range{1, 200};
  double quantile = 0.9;          ///< of the latency of a window
  int smoothing = 5;              ///< windows in the moving average of that quantile
  int baseline = 60;              ///< windows in the long average it is compared with
  int warmup = 10;                ///< windows that averages and correlations take to warm up
  size_t correlation = 50;        ///< windows that are correlated, at least 2
  double inflight_factor = 5;     ///< the limit stays below this multiple of the peak in flight
  double rtt_correlation = 0.5;   ///< latency that rises with work in flight
  double flat_correlation = 0.3;  ///< … while throughput follows it by less than this
  double flat_variation = 0.2;    ///< … or varies less than this
  WindowSpec window{std::chrono::seconds(1), 50, std::chrono::hours(24)};
};

/// Correlation of pairs over a sliding window; 0 while there are few or they vary by less than 1 %.
class CorrelationWindow {
 public:
  struct Result {
    double correlation = 0;
    double variation_y = 0;  ///< standard deviation of y over its mean
  };

  CorrelationWindow(size_t capacity, int warmup) : warmup_(warmup) { pairs_.reserve(capacity); }

  /// One more pair, both above 0; the oldest leaves.
  Result add(double x, double y) noexcept;

 private:
  struct Pair {
    double x;
    double y;
  };
  int warmup_;
  size_t next_ = 0;
  std::vector<Pair> pairs_;  // never grows past what was reserved
};

/// Why: a latency baseline drifts while the service is overloaded and the limit runs away with it;
/// that more in flight brings no throughput is seen without a baseline.
///
/// Formula (failsafe-go, adaptivelimiter): r = average over 5 of the median of 5 of the windows'
/// p90, b = its average over 60; q = ⌈L·(1 − b/r)⌉, l = ⌊log10 L⌋, at least 1. L − l when q > 6·l,
/// or when full and corr(in flight, in flight/r) < 0, or < 0.3 (or its variation < 0.2) while
/// corr(in flight, r) > 0.5. Else L + l when q < 3·l. L − l too when the result exceeds 5 × the
/// peak in flight.
///
/// Regimes: Vegas with a slow baseline; under steady overload the correlations hold it back.
///
/// Windowed port: one step a window of at least a second and 50 samples, as in failsafe-go.
///
/// When not to use: anything that must adapt within seconds; ±1 a second takes a minute from 20 to
/// 80.
class FailsafeLimit final : public Limit {
 public:
  explicit FailsafeLimit(FailsafeLimitOptions options = {});

  std::string_view name() const noexcept override { return "failsafe"; }
  uint32_t initial() const noexcept override { return options_.initial; }
  WindowSpec window() const noexcept override { return options_.window; }
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  /// The plain mean of the first `warmup` values, then exponential with 2/(size + 1).
  struct WarmAverage {
    double add(double value, int size, int warmup) noexcept;
    double value = 0;
    int count = 0;
  };
  double median_of_five(double value) noexcept;

  FailsafeLimitOptions options_;
  double limit_;
  std::array<double, 5> recent_{};
  size_t recent_count_ = 0;
  WarmAverage smooth_;
  WarmAverage baseline_;
  CorrelationWindow throughput_;
  CorrelationWindow rtt_;
};

}  // namespace weir
