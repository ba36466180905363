// CounterLine: counters that the same requests touch, kept on one cache line.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

namespace weir {

/// A request counts in its bulkhead and in its limiter, one right after the other. When several
/// cores do that at once, each cache line costs its own trip between them, about 50 ns on a server
/// CPU; two counters on one line share the trip. So the limiter hands its line to the bulkheads
/// before it.
///
/// Counters are handed out during construction, by one thread, and live as long as the line.
class alignas(64) CounterLine {
 public:
  using Counter = std::atomic<uint64_t>;
  static constexpr size_t kCounters = 64 / sizeof(Counter);

  /// A counter at zero, or null when all are taken.
  Counter* take() noexcept { return taken_ < kCounters ? &counters_[taken_++] : nullptr; }

 private:
  std::array<Counter, kCounters> counters_{};
  alignas(64) size_t taken_ = 0;
};

/// The answer of count_in.
struct Counted {
  bool in;          ///< whether the units were added
  uint64_t before;  ///< the count without them
};

/// Adds `units` to `counter` unless the sum would exceed `bound`. The sum of what was let in never
/// exceeds the bound, and of several callers who find no room at least one goes on to find any that
/// there is. Sequentially consistent, for the sake of Gate: whoever registers as waiting and then
/// is refused here is seen by the completion that makes room. On x86 that costs nothing over
/// relaxed.
///
/// One unit, the usual case, is added first and taken back if it was too much: one trip of the
/// cache line instead of two. More than one is added by compare-and-swap, because a large excess
/// would hide room from others for a moment.
inline Counted count_in(CounterLine::Counter& counter, uint64_t units, uint64_t bound) noexcept {
  if (units == 1) {
    while (true) {
      const uint64_t before = counter.fetch_add(1, std::memory_order_seq_cst);
      if (before < bound) return {true, before};
      const uint64_t after = counter.fetch_sub(1, std::memory_order_seq_cst) - 1;
      if (after >= bound) return {false, after};
      // Room was made meanwhile, and our own excess may have hidden it from others: use it.
    }
  }
  uint64_t before = counter.load(std::memory_order_seq_cst);
  do {
    if (before + units > bound) return {false, before};
  } while (!counter.compare_exchange_weak(before, before + units, std::memory_order_seq_cst));
  return {true, before};
}

/// A counter of `line`, or of a new line when there is none or none is left; `line` becomes the
/// one.
inline CounterLine::Counter* take_counter(std::shared_ptr<CounterLine>& line) {
  CounterLine::Counter* counter = line == nullptr ? nullptr : line->take();
  if (counter != nullptr) return counter;
  line = std::make_shared<CounterLine>();
  return line->take();
}

}  // namespace weir
