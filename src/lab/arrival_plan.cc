#include "lab/arrival_plan.h"

#include <string>

#include "lab/units.h"

namespace weir::lab {

Expected<Phase> parse_phase(std::string_view text, double capacity) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos) {
    return usage_error("'" + std::string(text) + "' is not a phase",
                       "write it like 10s@400/s or, with --capacity, 10s@0.7x");
  }
  const auto length = parse_duration(text.substr(0, at));
  if (!length) return tl::unexpected(length.error());
  const std::string_view rate_text = text.substr(at + 1);
  if (rate_text.ends_with('x')) {
    const auto factor = parse_factor(rate_text);
    if (!factor) return tl::unexpected(factor.error());
    if (capacity <= 0) {
      return usage_error("'" + std::string(text) + "' is a multiple of an unknown capacity",
                         "add --capacity 400/s");
    }
    return Phase{*length, *factor * capacity};
  }
  const auto rate = parse_rate(rate_text);
  if (!rate) return tl::unexpected(rate.error());
  return Phase{*length, *rate};
}

ArrivalPlan::ArrivalPlan(std::vector<Phase> phases, Arrivals kind, Rng rng)
    : phases_(std::move(phases)), kind_(kind), rng_(rng) {
  for (const Phase& phase : phases_) length_ += phase.length;
}

std::optional<Duration> ArrivalPlan::next() {
  double gap = kind_ == Arrivals::kPoisson ? rng_.exponential(1.0) : 1.0;
  while (phase_ < phases_.size()) {
    const Phase& phase = phases_[phase_];
    const double left = to_seconds(phase.length) - into_phase_;
    if (phase.rate > 0 && gap < left * phase.rate) {
      into_phase_ += gap / phase.rate;
      return phase_begin_ + from_seconds(into_phase_);
    }
    gap -= left * phase.rate;
    phase_begin_ += phase.length;
    into_phase_ = 0;
    ++phase_;
  }
  return std::nullopt;
}

double ArrivalPlan::expected_count() const {
  double count = 0;
  for (const Phase& phase : phases_) count += phase.rate * to_seconds(phase.length);
  return count;
}

}  // namespace weir::lab
