#include "lab/load_stats.h"

#include <algorithm>
#include <numeric>

#include "weir/base/assert.h"

namespace weir::lab {

uint64_t LoadBucket::ended_total() const {
  return std::accumulate(ended.begin(), ended.end(), uint64_t{0});
}

void LoadBucket::merge(const LoadBucket& other) {
  sent += other.sent;
  sent_ok += other.sent_ok;
  attempts += other.attempts;
  for (size_t i = 0; i < ended.size(); ++i) ended[i] += other.ended[i];
  latency.merge(other.latency);
}

LoadStats::LoadStats(Duration length, Duration bucket)
    : width_(std::max(bucket, length / static_cast<int64_t>(kBucketsMax) + Duration(1))) {
  WEIR_ASSERT(bucket > Duration::zero() && length >= Duration::zero());
  buckets_.resize(static_cast<size_t>(length / width_) + 1);
}

LoadBucket& LoadStats::at(Duration when) {
  const auto index = std::max<int64_t>(0, when / width_);
  return buckets_[std::min(static_cast<size_t>(index), buckets_.size() - 1)];
}

void LoadStats::ended(const CallRecord& call) {
  LoadBucket& bucket = at(call.ended);
  ++bucket.ended[static_cast<size_t>(call.end)];
  if (call.status > 0) ++by_status_[call.status];
  if (call.end == CallEnd::kRefused) refusals_.record(call.ended - call.intended);
  if (call.end != CallEnd::kOk) return;
  ++at(call.intended).sent_ok;
  bucket.latency.record(call.ended - call.intended);
}

LoadBucket LoadStats::between(Duration from, Duration to) const {
  LoadBucket sum;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    const Duration begin = width_ * static_cast<int64_t>(i);
    if (begin >= from && begin < to) sum.merge(buckets_[i]);
  }
  return sum;
}

LoadBucket LoadStats::recent(Duration now, Duration length) const {
  const Duration to = now - now % width_;
  return between(to - std::max(length, width_), to);
}

}  // namespace weir::lab
