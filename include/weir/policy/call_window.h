// CallWindow: how the calls of the last while went, and how many are overdue, without a list of
// calls.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "weir/base/time.h"

namespace weir {

/// The recent calls. `ended` and its parts `failed` and `slow` (which may overlap) ended in the
/// window; `overdue` are still in flight.
struct CallRates {
  uint64_t ended = 0;
  uint64_t failed = 0;
  uint64_t slow = 0;
  uint64_t overdue = 0;

  uint64_t calls() const noexcept { return ended + overdue; }
  double failed_ratio() const noexcept { return ratio(failed); }
  double slow_ratio() const noexcept { return ratio(slow + overdue); }

 private:
  double ratio(uint64_t part) const noexcept {
    return calls() == 0 ? 0 : static_cast<double>(part) / static_cast<double>(calls());
  }
};

/// Time is cut into parts, ten to a window, numbered for ever; each worker has a ring of counters,
/// one set a part, which it clears when it reuses it. A call adds to `begun` of the part in which
/// it begins, and on its end to `finished` of that same part; so begun − finished, over all
/// workers, is how many calls of that part are in flight. A part that as a whole is older than
/// `overdue_after` contributes its calls in flight as overdue, for one window; after that they are
/// old news. (That also bounds the damage when threads share a worker's slot and lose a count.)
///
/// Counters belong to a generation: asking for another sees none of them.
///
/// begin, end: one thread a worker slot, about 3 ns each: plain loads and stores. rates: any
/// thread, in proportion to workers × parts.
class CallWindow {
 public:
  struct Options {
    Duration window;         ///< ≥ 10 µs
    Duration overdue_after;  ///< > 0, at most 10 × window
    uint16_t worker_count;   ///< ≥ 1
  };

  explicit CallWindow(Options options);

  struct Begun {
    uint32_t part;  ///< to be given to `end`
    bool fresh;     ///< this worker's first call of the part
  };
  Begun begin(uint16_t worker, uint32_t generation, Instant now) noexcept;

  /// What to count of a call that ended. Nothing: it only leaves those in flight.
  struct End {
    bool counted = false;
    bool failed = false;
    bool slow = false;
  };
  void end(uint16_t worker, uint32_t generation, uint32_t begun_part, End end,
           Instant now) noexcept;

  CallRates rates(uint32_t generation, Instant now) const noexcept;

  static constexpr int kPartsPerWindow = 10;

 private:
  using Counter = std::atomic<uint32_t>;
  struct Part {
    std::atomic<uint64_t> tag{0};  // generation, then part number; see tag_of
    Counter begun{0};
    Counter finished{0};
    Counter ended{0};
    Counter failed{0};
    Counter slow{0};
  };
  // The part a worker is in, so that most calls need no division.
  struct alignas(64) Slot {
    std::atomic<uint32_t> part{0};
    std::atomic<int64_t> begin_ns{0};
  };

  uint32_t part_at(uint16_t worker, Instant now) noexcept;
  Part& ring(uint16_t worker, uint32_t part) noexcept;
  Part* enter(uint16_t worker, uint32_t generation, uint32_t part, bool& fresh) noexcept;

  int64_t part_ns_;
  uint32_t overdue_parts_;
  uint32_t ring_size_;  // a power of two
  uint16_t worker_count_;
  std::unique_ptr<Slot[]> slots_;
  std::unique_ptr<Part[]> parts_;
};

}  // namespace weir
