#include "lab/fault_plan.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "lab/units.h"

namespace weir::lab {
namespace {

Expected<Health> slow(std::string_view text) {
  return parse_factor(text).map([](double factor) { return Health{.slow_factor = factor}; });
}

Expected<Health> fail(std::string_view text) {
  return parse_ratio(text).map([](double ratio) { return Health{.failure_ratio = ratio}; });
}

Expected<Health> lost(std::string_view text) {
  Health health;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), health.workers_lost);
  if (error != std::errc() || end != text.data() + text.size()) {
    return usage_error("'" + std::string(text) + "' is not a number of workers");
  }
  return health;
}

}  // namespace

Expected<void> FaultPlan::add_slow(std::string_view text) {
  return add(text, slow);
}
Expected<void> FaultPlan::add_fail(std::string_view text) {
  return add(text, fail);
}
Expected<void> FaultPlan::add_lost(std::string_view text) {
  return add(text, lost);
}

Expected<void> FaultPlan::add(std::string_view text, Expected<Health> (*effect)(std::string_view)) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos) {
    return usage_error("'" + std::string(text) + "' does not say when",
                       "write it like 10x@20s..40s");
  }
  if (faults_.size() == kFaultsMax) return usage_error("more than 64 faults in one schedule");
  const auto health = effect(text.substr(0, at));
  if (!health) return tl::unexpected(health.error());
  const std::string_view span = text.substr(at + 1);
  const size_t dots = span.find("..");
  const auto from = parse_duration(span.substr(0, dots));
  if (!from) return tl::unexpected(from.error());
  Fault fault{.effect = *health, .from = *from};
  if (dots != std::string_view::npos) {
    const auto to = parse_duration(span.substr(dots + 2));
    if (!to) return tl::unexpected(to.error());
    if (*to <= *from) return usage_error("'" + std::string(text) + "' ends before it begins");
    fault.to = *to;
  }
  faults_.push_back(fault);
  return {};
}

Health FaultPlan::at(Duration since_start) const {
  Health health;
  for (const Fault& fault : faults_) {
    if (since_start < fault.from || since_start >= fault.to) continue;
    health.slow_factor *= fault.effect.slow_factor;
    health.failure_ratio = std::min(1.0, health.failure_ratio + fault.effect.failure_ratio);
    health.workers_lost += fault.effect.workers_lost;
  }
  return health;
}

Duration FaultPlan::next_change(Duration since_start) const {
  Duration next = Duration::max();
  for (const Fault& fault : faults_) {
    for (const Duration edge : {fault.from, fault.to}) {
      if (edge > since_start) next = std::min(next, edge);
    }
  }
  return next;
}

}  // namespace weir::lab
