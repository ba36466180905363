// OffsetTracker: which offset of a partition may be committed, and what beyond it is done already.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "bridge/offset_ranges.h"

namespace weir::bridge {

/// What is committed for one partition.
struct Position {
  int64_t offset = 0;    ///< everything before it is done
  std::string metadata;  ///< what is done at and beyond it, see offset_ranges.h; may be empty

  friend bool operator==(const Position&, const Position&) = default;
};

/// What an offset that came from the broker means.
enum class Arrived : uint8_t {
  kNew,      ///< work on it
  kDone,     ///< was done before a restart; skip it
  kRewound,  ///< the log was cut or made anew below us: the tracker started over, work on it
};

/// Follows one partition. Records end in any order; the committed offset only passes what has
/// ended, and what ended beyond it travels in the commit's metadata, so that a crash repeats no
/// more than what was in flight or ended since the last commit. Offsets may have gaps (compaction,
/// transactions) but come in rising order.
///
/// Bounded: no more than kWindowMax records between the committed offset and the newest one.
/// Sans-I/O, not thread-safe.
class OffsetTracker {
 public:
  /// So that a bitmap of a whole window always fits into one commit's metadata: 24,000 bits are
  /// 3,000 bytes, 4,000 characters of base64, and brokers take 4,096 by default.
  static constexpr size_t kWindowMax = 24'000;

  /// Where a previous owner left off. Metadata that cannot be read, or that was written for another
  /// offset, is ignored: it only saves repetitions. Returns false then.
  bool restore(const Position& position);

  /// An offset came. Only while !full().
  Arrived arrive(int64_t offset);

  /// The record is dealt with for good: delivered, or durable elsewhere. Offsets that arrived
  /// before the last kRewound have no meaning any more and must not be passed; see generation().
  void complete(int64_t offset);

  bool full() const noexcept { return window_.size() >= kWindowMax; }

  /// What to commit now. Encoding costs some microseconds a thousand records: ask once a commit.
  Position position() const;

  /// The first offset that is not done.
  int64_t front() const noexcept { return window_.empty() ? next_ : window_.front().offset; }
  /// The offset after the newest that came; -1 before there was one.
  int64_t next() const noexcept { return next_; }
  /// Arrived and not done.
  size_t pending() const noexcept { return pending_; }
  /// Grows whenever position() would give something else.
  uint64_t progress() const noexcept { return progress_; }
  /// Grows with each kRewound.
  uint32_t generation() const noexcept { return generation_; }

 private:
  struct Entry {
    int64_t offset;
    bool done;
  };

  void pop_done();

  std::deque<Entry> window_;  // from the first that is not done to the newest; rising offsets
  OffsetRanges restored_;
  int64_t next_ = -1;
  size_t pending_ = 0;
  uint64_t progress_ = 0;
  uint32_t generation_ = 0;
};

}  // namespace weir::bridge
