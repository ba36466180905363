#include "bridge/offset_tracker.h"

#include <algorithm>

#include "weir/base/assert.h"

namespace weir::bridge {

bool OffsetTracker::restore(const Position& position) {
  next_ = position.offset;
  if (position.metadata.empty()) return true;
  auto ranges = decode_ranges(position.metadata, position.offset);
  if (!ranges) return false;
  restored_ = std::move(*ranges);
  return true;
}

Arrived OffsetTracker::arrive(int64_t offset) {
  WEIR_ASSERT(!full());
  Arrived arrived = Arrived::kNew;
  if (offset < next_) {
    window_.clear();
    restored_.clear();
    pending_ = 0;
    ++generation_;
    arrived = Arrived::kRewound;
  }
  next_ = offset + 1;
  ++progress_;
  // What is done at the very front need not enter the window at all.
  if (restored_.take(offset)) {
    if (!window_.empty()) window_.push_back({offset, true});
    return Arrived::kDone;
  }
  window_.push_back({offset, false});
  ++pending_;
  return arrived;
}

void OffsetTracker::complete(int64_t offset) {
  const auto entry = std::lower_bound(
      window_.begin(), window_.end(), offset,
      [](const Entry& candidate, int64_t wanted) { return candidate.offset < wanted; });
  WEIR_ASSERT(entry != window_.end() && entry->offset == offset && !entry->done);
  entry->done = true;
  --pending_;
  ++progress_;
  pop_done();
}

Position OffsetTracker::position() const {
  OffsetRanges done;
  for (const Entry& entry : window_)
    if (entry.done) done.add(entry.offset);
  // What a previous owner had done and we have not seen again yet stays done.
  for (const OffsetRanges::Range& range : restored_.ranges()) done.add(range);
  return {front(), encode_ranges(done, front())};
}

void OffsetTracker::pop_done() {
  while (!window_.empty() && window_.front().done) window_.pop_front();
}

}  // namespace weir::bridge
