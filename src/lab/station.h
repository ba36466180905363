// A station: N workers and the queue before them. The lab's model of a service with a known
// capacity.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "weir/base/time.h"

namespace weir::lab {

using JobId = uint64_t;

struct StationOptions {
  uint32_t workers = 8;
  /// How many may wait. The default stands for "unbounded": what a service with an accept loop and
  /// a thread pool really has. It is finite so that a forgotten run cannot eat the machine.
  size_t queue_max = 1'000'000;
};

struct StationStats {
  uint64_t arrivals = 0;
  uint64_t completions = 0;
  uint64_t refused = 0;  ///< the queue was full
  uint64_t wasted = 0;   ///< completed after the caller had left: work nobody wanted
  uint32_t in_flight = 0;
  uint32_t workers = 0;  ///< able to take work now
  size_t queued = 0;
};

/// FIFO with N servers. Like a thread pool, it does not notice that a waiting caller has left: the
/// work is done all the same, and counted as wasted. Does no I/O and reads no clock; the host tells
/// it what happened and starts what it returns. Not thread-safe.
class Station {
 public:
  enum class Arrival : uint8_t { kStarted, kQueued, kRefused };

  /// A job to start now. `since` is when its worker became free for it (or the arrival, if later).
  /// Hosts count the service time from `since`, not from the moment a late timer was handled: so
  /// timer lateness does not lower the capacity.
  struct Start {
    JobId job;
    Instant since;
  };

  explicit Station(StationOptions options);

  Arrival arrive(JobId job, Instant now);

  /// The job's work was due at `due` and is over. Returns the job that takes the worker, if any.
  std::optional<Start> finish(JobId job, Instant due);

  /// The caller of a waiting or running job hung up. Unknown jobs are ignored.
  void caller_left(JobId job);

  /// Sets how many workers are lost. Running work goes on; lost workers take nothing new.
  /// Returns jobs that can start because workers came back.
  std::vector<Start> lose_workers(uint32_t lost, Instant now);

  StationStats stats() const;

 private:
  struct Waiting {
    JobId job;
    Instant arrived;
  };

  std::optional<Start> start_next(Instant worker_free);
  uint32_t able() const { return options_.workers - lost_; }

  StationOptions options_;
  uint32_t lost_ = 0;
  std::deque<Waiting> queue_;                    // at most options_.queue_max
  std::unordered_map<JobId, bool> caller_left_;  // of each running or waiting job
  StationStats stats_;
};

}  // namespace weir::lab
