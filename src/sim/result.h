// What a run leaves behind: counts by client and slice of time, latencies, and the limit's path.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "weir/base/time.h"
#include "weir/policy/criticality.h"
#include "weir/policy/reason.h"
#include "weir/stats/histogram.h"

namespace weir::sim {

/// The length of a slice of the time line.
inline constexpr Duration kSlice = std::chrono::milliseconds(100);

/// Requests of the clients, logical ones unless said otherwise.
struct Tally {
  uint64_t offered = 0;    ///< begun in this stretch
  uint64_t good = 0;       ///< answered in this stretch, within the client's time-out
  uint64_t failed = 0;     ///< given up for good in this stretch
  uint64_t attempts = 0;   ///< sent, retries included
  uint64_t refused = 0;    ///< attempts refused by a guard
  uint64_t timed_out = 0;  ///< attempts that the client stopped waiting for
};

/// Refusals by Reason.
using Refusals = std::array<uint64_t, kReasonCount>;

/// Quantiles of one slice in seconds, 0 when nothing was answered.
struct SliceLatency {
  float p50 = 0;
  float p99 = 0;
};

struct ClientResult {
  std::string name;
  std::vector<Tally> slices;                              ///< by kSlice from the origin
  Tally measured;                                         ///< within [measure_begin, measure_end)
  std::array<Tally, kCriticalityCount> by_criticality{};  ///< measured
  /// Of attempts admitted and ended in the measured stretch, in seconds: from arrival at the first
  /// guard to the answer (or to the time-out), and the work it cost when nothing else is in the
  /// way.
  std::vector<float> latency;
  std::vector<float> work;
  std::array<std::vector<float>, kCriticalityCount> latency_by_criticality;

  /// What the client sees of good answers in the measured stretch, from its first attempt on; and
  /// by slice. Kept when ScenarioSpec::exact_latencies is off.
  Histogram seen;
  std::vector<SliceLatency> seen_by_slice;
  Refusals refused_by_reason{};  ///< attempts, measured
};

struct ServiceResult {
  std::string name;
  std::vector<uint32_t> limit_at_slice;   ///< the sum over all instances, as the next three
  std::vector<uint32_t> inside_at_slice;  ///< at work or waiting for a worker
  std::vector<uint32_t> queued_at_slice;  ///< in the guards' queues
  uint64_t started = 0;                   ///< pieces of work a worker took up
  uint64_t started_expired = 0;           ///< … whose client had given up already
  uint64_t completed = 0;                 ///< … in the measured stretch
  Refusals refused_by_reason{};  ///< by the guards of this service, in the measured stretch
};

struct RunResult {
  std::vector<ClientResult> clients;
  std::vector<ServiceResult> services;
  uint64_t events = 0;     ///< that did something
  uint64_t left_over = 0;  ///< requests still alive when the run gave up draining
  Duration drained_in{};   ///< from the end until the last request had ended
};

/// The q-quantile by order statistic; reorders `values`. 0 when empty.
double quantile(std::vector<float>& values, double q);

/// Sum of the slices that lie in [begin, end).
Tally sum(const std::vector<Tally>& slices, Instant begin, Instant end);

}  // namespace weir::sim
