// CpuLimit: hold the CPU at its target by steps of a twentieth (fbthrift).
#pragma once

#include <vector>

#include "weir/control/limit.h"
#include "weir/control/limit_math.h"

namespace weir {

struct CpuLimitOptions {
  LimitRange range{1, 65'536};
  double cpu_target = 0.9;
  double decrease = 0.05;                         ///< share of the limit, at least 1
  double increase = 0.05;                         ///< likewise
  double near_limit = 0.8;                        ///< of the limit in use before it grows
  Duration refractory = std::chrono::seconds(1);  ///< after an overload nothing is estimated
  double estimate_factor = 1.0;
  double estimate_quantile = 0.75;
  size_t estimate_samples = 500;  ///< windows behind the one estimate
  Duration window = std::chrono::milliseconds(50);
};

/// Why: a server that is bound by CPU should refuse when, and only when, the CPU is used up.
///
/// Formula (fbthrift, CPUConcurrencyController): every 50 ms, with the CPU use u and n in flight:
/// u ≥ 0.9: L − max(L/20, 1). Else the first 500 windows outside of overloads each give the
/// estimate n/u·0.9, whose 75th percentile becomes L, once. Else L + max(L/20, 1) when n ≥ 0.8·L,
/// or when L is below the estimate and the last overload is over a second ago.
///
/// Regimes: none until the CPU is hot; from the upper bound down it takes 14 windows to halve.
///
/// Windowed port: WindowStats::cpu_used_ratio, which a host must supply; without it this law stays
/// at its upper bound, and it is therefore in no registry.
///
/// When not to use: whatever is not bound by its own CPU.
class CpuLimit final : public Limit {
 public:
  explicit CpuLimit(CpuLimitOptions options = {});

  std::string_view name() const noexcept override { return "cpu"; }
  uint32_t initial() const noexcept override { return options_.range.max; }
  WindowSpec window() const noexcept override { return {options_.window, 0, options_.window}; }
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  LimitDecision decide(double limit, LimitCause cause, double cpu) noexcept;

  CpuLimitOptions options_;
  uint32_t limit_;
  std::vector<double> samples_;
  double estimate_ = 0;  // 0: none yet
  bool overloaded_ = false;
  Instant overload_at_{};
};

}  // namespace weir
