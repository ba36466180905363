// WindowMerger: makes the windows that a law asks for out of those that another law was shown.
#pragma once

#include <algorithm>
#include <optional>

#include "weir/control/limit.h"

namespace weir::sim {

/// Recorded windows are as short as the recorded law wanted them; a law that wants longer ones gets
/// several as one, by the rule of Limiter::tick. Shorter ones cannot be had.
class WindowMerger {
 public:
  /// The window that is complete with this one, if one is.
  std::optional<WindowStats> add(const WindowStats& window, const WindowSpec& spec) {
    if (!open_) {
      open_ = window;
    } else {
      merge(window, *open_);
    }
    const uint64_t signals = open_->samples() + open_->dropped;
    const Duration age = open_->length();
    const bool full = age >= spec.duration_min && signals >= spec.samples_min;
    if (!full && age < spec.duration_max) return std::nullopt;
    std::optional<WindowStats> complete;
    complete.swap(open_);
    return complete;
  }

 private:
  static void merge(const WindowStats& next, WindowStats& into) {
    const double share = to_seconds(next.length()) /
                         std::max(1e-9, to_seconds(next.length()) + to_seconds(into.length()));
    const auto blend = [share](double& value, double with) { value += (with - value) * share; };
    blend(into.cpu_throttled_ratio, next.cpu_throttled_ratio);
    blend(into.pressure_ratio, next.pressure_ratio);
    blend(into.cpu_used_ratio, next.cpu_used_ratio);
    into.end = next.end;
    into.successes += next.successes;
    into.failures += next.failures;
    into.dropped += next.dropped;
    into.ignored += next.ignored;
    into.admitted += next.admitted;
    into.limited += next.limited;
    into.inflight_sum += next.inflight_sum;
    into.inflight_peak = std::max(into.inflight_peak, next.inflight_peak);
    into.inflight = next.inflight;
    into.queued = next.queued;
    into.latency.merge(next.latency);
    into.latency_min = std::min(into.latency_min, next.latency_min);
  }

  std::optional<WindowStats> open_;
};

}  // namespace weir::sim
