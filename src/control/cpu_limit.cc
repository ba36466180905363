#include "weir/control/cpu_limit.h"

namespace weir {
namespace {

// A share of the limit in whole units, at least one.
double part(uint32_t limit, double share) noexcept {
  return std::max(1.0, std::floor(limit * share));
}

}  // namespace

CpuLimit::CpuLimit(CpuLimitOptions options) : options_(options), limit_(options.range.max) {
  samples_.reserve(options.estimate_samples);
}

LimitDecision CpuLimit::update(const WindowStats& window, Instant now) noexcept {
  const double cpu = window.cpu_used_ratio;
  if (cpu >= options_.cpu_target) {
    overloaded_ = true;
    overload_at_ = now;
    return decide(limit_ - part(limit_, options_.decrease), LimitCause::kHostPressure, cpu);
  }
  if (window.inflight == 0 || cpu <= 0) return decide(limit_, LimitCause::kHold, cpu);
  const bool refractory = overloaded_ && now - overload_at_ <= options_.refractory;
  if (!refractory && samples_.size() < options_.estimate_samples) {
    samples_.push_back(options_.estimate_factor * window.inflight / cpu * options_.cpu_target);
    if (samples_.size() == options_.estimate_samples) {
      const auto rank = static_cast<std::ptrdiff_t>(static_cast<double>(samples_.size()) *
                                                    options_.estimate_quantile);
      std::nth_element(samples_.begin(), samples_.begin() + rank, samples_.end());
      estimate_ = clamp_to(options_.range, samples_[static_cast<size_t>(rank)]);
      return decide(estimate_, LimitCause::kJump, cpu);
    }
  }
  const bool in_use = window.inflight >= options_.near_limit * limit_;
  if (in_use || (!refractory && limit_ < estimate_))
    return decide(limit_ + part(limit_, options_.increase), LimitCause::kGrow, cpu);
  return decide(limit_, LimitCause::kNotSaturated, cpu);
}

LimitDecision CpuLimit::decide(double limit, LimitCause cause, double cpu) noexcept {
  limit_ = whole(clamp_to(options_.range, limit));
  return {.limit = limit_, .cause = cause, .figures = {cpu, estimate_}};
}

const FigureNames& CpuLimit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {"cpu_ratio", "estimate"};
  return kNames;
}

}  // namespace weir
