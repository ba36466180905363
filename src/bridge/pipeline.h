// Pipeline: everything the bridge decides about records, without any I/O.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "bridge/byte_budget.h"
#include "bridge/key_lanes.h"
#include "bridge/offset_tracker.h"
#include "bridge/parked_keys.h"
#include "bridge/retry_router.h"

namespace weir::bridge {

struct PipelineOptions {
  Ordering ordering = Ordering::kKey;
  RetryOptions retry;
  /// For records of the topic and for those of the retry topics: apart, so that a hill of retries
  /// that are not due cannot keep the topic itself from being read.
  size_t bytes_max = 48 << 20;
  size_t retry_bytes_max = 16 << 20;
};

/// Now, on both time lines: holds inside the process are steady, those in headers are wall clock.
struct Now {
  Instant steady{};
  int64_t wall_ms = 0;
};

/// What is to be done with the record at the door.
enum class Door : uint8_t {
  kNobody,   ///< nothing may go now
  kDeliver,  ///< take it and deliver it
  kFollow,   ///< take it and move it to the next retry topic: its key waits there
};

/// The way of a record: arrive → door → take → delivered → (moved) → done. It joins lanes, offset
/// trackers, parked keys, budgets and the retry decision; the host brings records and carries out
/// what it is told.
///
/// A group is one partition of the topic under one assignment, together with the same partition of
/// every retry topic. Streams of a group are its tiers: 0 the topic, then the retry topics. With
/// Ordering::kKey a stream is not read before all tiers above it have been read to their end once,
/// since only then it is known which keys are parked.
///
/// Sans-I/O; not thread-safe.
class Pipeline {
 public:
  Pipeline(PipelineOptions options, Rng rng);
  ~Pipeline();

  // Assignment.

  /// A partition is ours. `positions` are what the streams' previous owners committed, tier 0
  /// first; those that are missing or have a negative offset start wherever the broker starts.
  /// Returns the group, never used before.
  uint32_t assign(int32_t partition, const std::vector<Position>& positions);
  /// No further record of the group goes out; those that wait are dropped.
  void stop(uint32_t group);
  /// It is somebody else's now. What is still out ends without effect.
  void release(uint32_t group);

  // Reading.

  /// Whether the stream may be read now.
  bool wants(uint32_t group, int tier);
  /// A record came; `group`, `tier` and `offset` are set.
  void arrive(std::unique_ptr<Record> record, Now now);
  /// An offset came that holds nothing for us: another group's retry, for example.
  void skip(uint32_t group, int tier, int64_t offset);
  /// The stream was read to its present end.
  void reached_end(uint32_t group, int tier);
  bool indexed(uint32_t group, int tier) const;

  // Work.

  Door door(Now now);
  /// The record at the door, which now counts as out. Only when there is one.
  Record& take(Now now);
  /// A delivery ended. After kDone and kAgain the record is not to be touched any more; after
  /// kRetryTopic and kDeadLetter the host writes it there and then calls moved() or put_back().
  Decision delivered(Record& record, const Delivery& delivery, bool service_failing, Now now);
  /// It is durable in retry topic `tier`, or in the dead-letter topic (0), at `offset`.
  void moved(Record& record, int tier, int64_t offset);
  /// Nothing came of it: not sent, or not written. It comes to the door again after `delay`.
  void put_back(Record& record, Duration delay, Now now);
  /// When the door may open by itself.
  Instant next_wakeup() const noexcept { return lanes_.next_wakeup(); }

  // Seeing.

  const OffsetTracker& tracker(uint32_t group, int tier) const;
  /// Records out: being delivered or moved.
  size_t out(uint32_t group) const;
  size_t out() const noexcept { return lanes_.out(); }
  /// Records of the stream that are held: waiting, held back or out.
  size_t held(uint32_t group, int tier) const;
  size_t held() const noexcept { return lanes_.size(); }
  size_t bytes() const noexcept { return budget_.used() + retry_budget_.used(); }
  size_t parked() const noexcept;
  uint64_t rewinds() const noexcept { return rewinds_; }
  int tier_count() const noexcept { return router_.tier_count(); }

 private:
  struct Stream {
    OffsetTracker tracker;
    bool indexed = false;
    size_t held = 0;
  };
  struct Group;

  Group& group_of(uint32_t group) const;
  ByteBudget& budget(int tier) noexcept { return tier == 0 ? budget_ : retry_budget_; }
  bool keyed(const Record& record) const noexcept;
  void drop(Record& record);
  void finish(Record& record);
  void forget_if_empty(uint32_t group);

  const PipelineOptions options_;
  RetryRouter router_;
  Rng rng_;
  KeyLanes lanes_;
  ByteBudget budget_;
  ByteBudget retry_budget_;
  std::map<uint32_t, std::unique_ptr<Group>> groups_;
  uint32_t last_group_ = 0;
  uint64_t rewinds_ = 0;
};

}  // namespace weir::bridge
