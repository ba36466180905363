// Windows made by hand for the laws' vector tests.
#pragma once

#include "weir/stats/window_stats.h"

namespace weir::testing {

using std::chrono::milliseconds;

inline Instant at(Duration since_origin) {
  return Instant{} + since_origin;
}

/// `count` successes of exactly `latency` each, that ended in `length` up to `end`.
inline WindowStats window(uint64_t count, Duration latency, uint32_t inflight_peak,
                          Duration length = milliseconds(100), Duration end = milliseconds(100)) {
  WindowStats stats;
  stats.begin = at(end - length);
  stats.end = at(end);
  stats.successes = count;
  stats.admitted = count;
  stats.inflight_peak = inflight_peak;
  stats.inflight = inflight_peak;
  stats.inflight_sum = static_cast<double>(count) * inflight_peak;
  if (count > 0) {
    stats.latency.record(latency, count);
    stats.latency_min = latency;
  }
  return stats;
}

}  // namespace weir::testing
