// KeyLanes: which record may go next, so that no key is ever overtaken by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bridge/record.h"

namespace weir::bridge {

/// What must not overtake what.
enum class Ordering : uint8_t {
  kUnordered,  ///< nothing: every record on its own
  kPartition,  ///< records of a partition, one at a time
  kKey,        ///< records of a partition with the same key, one at a time
};

/// FIFO lanes. Each lane has at most one record out (handed out by next() and not yet given back);
/// the others wait behind it. Lanes take turns in the order in which their heads became ready.
/// Records are told apart by a 64-bit hash of partition, tier and key: two keys that collide share
/// a lane, which costs concurrency and never order. Records without a key have no order to keep.
///
/// Owns the records. Their number is bounded by the ByteBudget of whoever pushes. Sans-I/O, not
/// thread-safe.
class KeyLanes {
 public:
  explicit KeyLanes(Ordering ordering) noexcept : ordering_(ordering) {}
  KeyLanes(const KeyLanes&) = delete;
  KeyLanes& operator=(const KeyLanes&) = delete;
  ~KeyLanes();

  /// Puts the record at the end of its lane; it is not handed out before `not_before`.
  void push(std::unique_ptr<Record> record, Instant not_before);

  /// The next record that may be worked on; null when there is none. It stays where it is.
  Record* peek(Instant now);
  /// The record that peek() gives, now out. Only when it gives one.
  Record& next(Instant now);

  /// The record, which must be out, is dealt with: the one behind it takes its turn.
  std::unique_ptr<Record> finish(Record& record);

  /// The record, which must be out, stays at the head of its lane and comes again at `until`.
  void hold(Record& record, Instant until);

  /// Takes away the records of `source` that are not out, as on revocation. Those that are out
  /// stay, for finish().
  std::vector<std::unique_ptr<Record>> take(uint32_t source);

  /// When next() may have something although nothing was pushed or finished; kInstantMax if never.
  Instant next_wakeup() const noexcept { return held_.empty() ? kInstantMax : held_.top().until; }

  /// Records that are ready now, waiting, held or out.
  size_t size() const noexcept { return size_; }
  size_t out() const noexcept { return out_; }

 private:
  enum class State : uint8_t { kReady, kHeld, kOut };

  struct Lane {
    Record* head = nullptr;
    Record* tail = nullptr;
    State state = State::kReady;
    uint64_t turn = 0;  // of its entry in ready_ or held_; entries with another turn are void
  };
  struct Turn {
    uint64_t lane;
    uint64_t turn;
  };
  struct Held {
    Instant until;
    Turn turn;  // turns grow, so equal instants stay FIFO
    bool operator>(const Held& other) const noexcept {
      return until != other.until ? until > other.until : turn.turn > other.turn.turn;
    }
  };

  uint64_t lane_of(const Record& record) noexcept;
  void schedule(uint64_t id, Lane& lane);
  Lane* valid(Turn turn) noexcept;

  const Ordering ordering_;
  std::unordered_map<uint64_t, Lane> lanes_;
  std::queue<Turn> ready_;
  std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
  uint64_t lone_ = 1;  // the last lane given to a record without order
  uint64_t turn_ = 0;
  size_t size_ = 0;
  size_t out_ = 0;
};

}  // namespace weir::bridge
