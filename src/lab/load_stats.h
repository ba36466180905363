// What a load run saw: every call from its intended time to its end, over time and by phase.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "weir/base/time.h"
#include "weir/stats/histogram.h"

namespace weir::lab {

/// How a call ended for its caller.
enum class CallEnd : uint8_t {
  kOk,        ///< 2xx or 3xx in time
  kRefused,   ///< 429 or 503: told to come back later
  kFailed,    ///< any other status from 400 up
  kBroken,    ///< no connection, or it broke before the answer was whole
  kTimedOut,  ///< no answer within the caller's patience
};
inline constexpr int kCallEndCount = 5;

constexpr CallEnd end_of_status(int status) {
  if (status == 429 || status == 503) return CallEnd::kRefused;
  return status >= 200 && status < 400 ? CallEnd::kOk : CallEnd::kFailed;
}

/// One attempt or one whole call (attempts and all).
struct CallRecord {
  Duration intended{};  ///< offset from the start of the run at which it was to be sent
  Duration ended{};     ///< offset at which it ended
  CallEnd end = CallEnd::kOk;
  int status = 0;  ///< 0 without an answer
};

/// Counts of one stretch of the run.
struct LoadBucket {
  uint64_t sent = 0;                            ///< calls intended in this stretch
  uint64_t sent_ok = 0;                         ///< of those, answered in time in the end
  uint64_t attempts = 0;                        ///< requests put on the wire, retries included
  std::array<uint64_t, kCallEndCount> ended{};  ///< calls that ended in this stretch
  Histogram latency;                            ///< of the calls that ended kOk in this stretch

  uint64_t ended_as(CallEnd end) const { return ended[static_cast<size_t>(end)]; }
  uint64_t ended_total() const;
  void merge(const LoadBucket& other);
};

/// Latency is measured from the intended time, so a late generator or a full connection pool counts
/// against the service instead of hiding its queue (no coordinated omission). Not thread-safe.
class LoadStats {
 public:
  static constexpr size_t kBucketsMax = 4'000;  // 8 KiB each; the last takes whatever comes later

  /// `bucket` is widened to `length / kBucketsMax` if it is smaller than that.
  LoadStats(Duration length, Duration bucket);

  void sent(Duration intended) { ++at(intended).sent; }
  void attempt(Duration when) { ++at(when).attempts; }
  void ended(const CallRecord& call);

  Duration bucket_width() const { return width_; }
  const std::vector<LoadBucket>& buckets() const { return buckets_; }
  const std::map<int, uint64_t>& by_status() const { return by_status_; }
  /// How long those waited who were refused, over the whole run.
  const Histogram& refusals() const { return refusals_; }

  /// All buckets whose begin lies in [from, to).
  LoadBucket between(Duration from, Duration to) const;
  /// The last whole buckets before `now` that make up at least `length`.
  LoadBucket recent(Duration now, Duration length) const;
  LoadBucket total() const { return between(Duration::zero(), Duration::max()); }

 private:
  LoadBucket& at(Duration when);

  Duration width_;
  std::vector<LoadBucket> buckets_;
  Histogram refusals_;
  std::map<int, uint64_t> by_status_;  // statuses are three digits: at most 1000 keys
};

}  // namespace weir::lab
