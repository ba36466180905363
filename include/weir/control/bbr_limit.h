// BbrLimit: Little's law over ten seconds, applied only while the CPU is busy (Sentinel, kratos).
#pragma once

#include <vector>

#include "weir/control/limit.h"
#include "weir/control/limit_math.h"

namespace weir {

struct BbrLimitOptions {
  LimitRange range{1, 100'000};
  double cpu_threshold = 0.8;
  double cpu_decay = 0.95;  ///< weight of the old CPU use at each reading; 0: the reading itself
  Duration cpu_period = std::chrono::milliseconds(500);  ///< between two readings
  size_t buckets = 100;                                  ///< that the extremes are taken over
  Duration bucket = std::chrono::milliseconds(100);
  Duration dropping = std::chrono::seconds(1);  ///< goes on for, when the CPU is idle again
};

/// Why: what a service did in its best tenth of a second, times the latency of its fastest, is what
/// it can bear; and while CPU is left nobody needs to be refused.
///
/// Formula (go-kratos/aegis, bbr.go, after Alibaba Sentinel's system rule): C = max over 10 s of
/// the completions of a 100 ms bucket, r = min over them of the bucket's mean latency in whole
/// milliseconds. An arrival is refused while the CPU's moving average is above 0.8 (or for a second
/// after a refusal began) and more than max(1, ⌊C·10·r + 0.5⌋) are in flight.
///
/// Regimes: no limit at all below the threshold; a fixed estimate above it.
///
/// Windowed port: one bucket a window. The CPU is WindowStats::cpu_used_ratio, which a host must
/// supply; without it this law never refuses anybody, and it is therefore in no registry.
///
/// When not to use: overload that is not CPU (locks, I/O, a slow dependency): there it does nothing
/// at all. Containers whose CPU is throttled (Sentinel #2160, go-zero #4265).
class BbrLimit final : public Limit {
 public:
  explicit BbrLimit(BbrLimitOptions options = {});

  std::string_view name() const noexcept override { return "bbr"; }
  uint32_t initial() const noexcept override { return options_.range.max; }
  WindowSpec window() const noexcept override { return {options_.bucket, 0, options_.bucket}; }
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  struct Bucket {
    double finished = 0;
    double latency_ms = 0;  // mean; 0: none
  };
  void observe(const WindowStats& window, Instant now) noexcept;
  double inflight_max() const noexcept;

  BbrLimitOptions options_;
  std::vector<Bucket> ring_;
  size_t next_ = 0;
  double cpu_ = 0;
  double cpu_sum_ = 0;  // since the last reading, weighted by time
  double cpu_seconds_ = 0;
  bool refusing_ = false;
  Instant refusing_since_{};
};

}  // namespace weir
