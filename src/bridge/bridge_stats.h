// What a bridge counts, and how other threads see it.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "weir/base/time.h"

namespace weir::bridge {

struct PartitionStats {
  int32_t partition = 0;
  int64_t lag = 0;       ///< records from the committed position to the newest; -1 unknown
  int64_t position = 0;  ///< everything before it is done
  size_t held = 0;       ///< records waiting, held back or in flight, retry topics included
  Duration stalled{};
};

/// Counters since the start, and gauges.
struct BridgeStats {
  uint64_t taken = 0;  ///< records read, those skipped as done before included
  uint64_t delivered = 0;
  uint64_t overloaded = 0;
  uint64_t unreachable = 0;
  uint64_t failed = 0;
  uint64_t timed_out = 0;
  uint64_t rejected = 0;
  uint64_t retried = 0;   ///< records moved to a retry topic after a failure
  uint64_t followed = 0;  ///< records moved behind a parked key
  uint64_t dead = 0;      ///< records moved to the dead-letter topic
  uint64_t commits = 0;
  uint64_t commit_errors = 0;
  uint64_t write_errors = 0;
  uint64_t stalls = 0;  ///< remedies that the watchdog ordered
  uint64_t cut_drains = 0;

  uint64_t fetched = 0;  ///< records that came over the wire
  uint32_t in_flight = 0;
  uint32_t limit = 0;
  size_t held = 0;
  size_t bytes = 0;
  size_t parked_keys = 0;
  std::string breaker;
  bool holding = false;  ///< the whole service said "not now"
  bool draining = false;
  std::vector<PartitionStats> partitions;
};

/// A value that one thread renews and any thread copies.
template <typename T>
class Published {
 public:
  void write(const T& value) {
    const std::lock_guard lock(mutex_);
    value_ = value;
  }
  T read() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace weir::bridge
