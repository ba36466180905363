// WindowStats: everything a control law may know about the last stretch of time.
#pragma once

#include <cstdint>

#include "weir/base/time.h"
#include "weir/stats/histogram.h"

namespace weir {

/// Measurements of one window [begin, end), merged over all workers. A plain value: what a law was
/// shown can be recorded and replayed. Times in nanoseconds, counts in requests unless said
/// otherwise.
struct WindowStats {
  Instant begin{};
  Instant end{};

  // The supply side: work that ended in this window.
  uint64_t successes = 0;
  uint64_t failures = 0;
  uint64_t dropped = 0;  ///< ended as Outcome::kDropped: the service or a time-out said overload
  uint64_t ignored = 0;

  // The demand side.
  uint64_t admitted = 0;  ///< permits handed out in this window
  uint64_t limited =
      0;  ///< admissions refused because the limit was reached (they may have queued)
  double inflight_sum = 0;     ///< in flight as seen by each admission, itself included, summed
  uint32_t inflight_peak = 0;  ///< the highest such value
  uint32_t inflight = 0;       ///< at `end`, in cost units
  uint32_t queued = 0;         ///< waiting in admission queues at `end`
  uint32_t limit = 0;          ///< the limit in force during the window

  /// Latency of successes admitted at or after the law's `sample_from`, from admission to
  /// completion; queue time is not in it.
  Histogram latency;
  Duration latency_min = Duration::max();  ///< Duration::max() when there was no sample

  // The host's second signals; zero where there are none.
  double cpu_throttled_ratio = 0;  ///< share of the window in which the cgroup was throttled, 0–1
  double pressure_ratio = 0;       ///< PSI "some" share of the window, 0–1
  double cpu_used_ratio = 0;       ///< CPU time used over CPU time there is, 0–1

  Duration length() const noexcept { return end - begin; }
  uint64_t samples() const noexcept { return latency.count(); }
  double throughput_per_second() const noexcept {
    const double seconds = to_seconds(length());
    return seconds > 0 ? static_cast<double>(successes) / seconds : 0;
  }
  /// Mean in flight as arrivals saw it; zero without admissions.
  double inflight_mean() const noexcept {
    return admitted == 0 ? 0 : inflight_sum / static_cast<double>(admitted);
  }
};

}  // namespace weir
