// Demand: how many items, and how many bytes, a subscriber is still willing to take.
#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "weir/streams/publisher.h"

namespace weir::streams {

constexpr uint64_t saturating_add(uint64_t a, uint64_t b) noexcept {
  const uint64_t sum = a + b;
  return sum < a ? kUnbounded : sum;
}

/// A saturating counter (§3.17): added to by any thread, spent by whoever drains. kUnbounded stays.
/// Thread-safe; one compare-and-swap an operation.
class DemandCounter {
 public:
  explicit DemandCounter(uint64_t initial = 0) noexcept : value_(initial) {}

  /// Returns the demand before the addition: 0 tells the caller that nobody is emitting.
  uint64_t add(uint64_t n) noexcept {
    uint64_t before = value_.load(std::memory_order_relaxed);
    while (!value_.compare_exchange_weak(before, saturating_add(before, n),
                                         std::memory_order_acq_rel, std::memory_order_relaxed)) {
    }
    return before;
  }

  /// Takes `n`, at most what is there, off; returns what is left.
  uint64_t sub(uint64_t n) noexcept {
    uint64_t before = value_.load(std::memory_order_relaxed);
    uint64_t after = 0;
    do {
      after =
          before == kUnbounded && n != kUnbounded ? kUnbounded : before - (n < before ? n : before);
    } while (!value_.compare_exchange_weak(before, after, std::memory_order_acq_rel,
                                           std::memory_order_relaxed));
    return after;
  }

  /// Takes everything.
  uint64_t take_all() noexcept {
    if (value_.load(std::memory_order_relaxed) == 0) return 0;
    return value_.exchange(0, std::memory_order_acq_rel);
  }

  uint64_t value() const noexcept { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<uint64_t> value_;
};

/// The bytes that an item stands for: what it holds when it has data() and size(), else its own
/// size. Overload `item_bytes` beside a type of your own to say better.
template <typename T>
constexpr uint64_t item_bytes(const T& item) noexcept {
  if constexpr (requires {
                  { item.size() } -> std::convertible_to<size_t>;
                  item.data();
                }) {
    return static_cast<uint64_t>(item.size()) * sizeof(*item.data());
  } else {
    return sizeof(T);
  }
}

/// Demand in items and in bytes. An item may pass while both are above zero, so the bytes are
/// overdrawn by less than one item; what is requested next pays for that first. Both saturate at
/// kUnbounded; without bytes in a request they never count. request may be called from any thread;
/// take by one thread at a time, charge by one thread at a time.
class Demand {
 public:
  void request(uint64_t items, uint64_t bytes = kUnbounded) noexcept {
    add_bytes(static_cast<int64_t>(std::min(bytes, static_cast<uint64_t>(kNoBound))));
    items_.add(items);
  }

  /// Takes up to `wanted` items of unknown size, at most one while bytes count. Returns how many;
  /// charge() follows when the size is known.
  uint64_t take(uint64_t wanted) noexcept {
    const int64_t room = bytes_.load(std::memory_order_acquire);
    if (room <= 0) return 0;
    const uint64_t most = room == kNoBound ? wanted : std::min<uint64_t>(wanted, 1);
    const uint64_t taken = std::min(most, items_.value());
    if (taken != 0) items_.sub(taken);
    return taken;
  }
  void charge(uint64_t bytes) noexcept {
    add_bytes(-static_cast<int64_t>(std::min(bytes, static_cast<uint64_t>(kNoBound))));
  }

  /// Spends one item of `bytes` bytes if there is demand for it.
  bool try_consume(uint64_t bytes = 0) noexcept {
    if (take(1) == 0) return false;
    charge(bytes);
    return true;
  }

  bool counts_bytes() const noexcept { return bytes_.load(std::memory_order_acquire) != kNoBound; }
  uint64_t items() const noexcept { return items_.value(); }
  /// 0 while overdrawn.
  uint64_t bytes() const noexcept {
    const int64_t room = bytes_.load(std::memory_order_acquire);
    return room == kNoBound ? kUnbounded : static_cast<uint64_t>(std::max<int64_t>(room, 0));
  }

 private:
  static constexpr int64_t kNoBound = INT64_MAX;

  void add_bytes(int64_t n) noexcept {
    int64_t before = bytes_.load(std::memory_order_relaxed);
    int64_t after = 0;
    do {
      if (before == kNoBound) return;
      if (__builtin_add_overflow(before, n, &after)) after = n < 0 ? -kNoBound : kNoBound;
    } while (!bytes_.compare_exchange_weak(before, after, std::memory_order_acq_rel,
                                           std::memory_order_relaxed));
  }

  DemandCounter items_;
  std::atomic<int64_t> bytes_{0};  // below zero: what the last item overdrew
};

}  // namespace weir::streams
