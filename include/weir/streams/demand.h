// Demand: how many items, and how many bytes, a subscriber is still willing to take.
#pragma once

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
/// overdrawn by less than one item; the debt is paid by the next request. Items and bytes saturate
/// at kUnbounded. request may be called from any thread; try_consume by one thread at a time.
class Demand {
 public:
  void request(uint64_t items, uint64_t bytes = kUnbounded) noexcept {
    items_.add(items);
    bytes_.add(bytes);
  }

  /// Spends one item of `bytes` bytes if there is demand for it.
  bool try_consume(uint64_t bytes = 0) noexcept {
    settle();
    if (debt_ != 0 || items_.value() == 0 || bytes_.value() == 0) return false;
    items_.sub(1);
    const uint64_t room = bytes_.value();
    if (room != kUnbounded && bytes > room) debt_ = bytes - room;
    bytes_.sub(bytes);
    return true;
  }

  uint64_t items() const noexcept { return items_.value(); }
  uint64_t bytes() const noexcept { return bytes_.value(); }

 private:
  void settle() noexcept {
    if (debt_ == 0) return;
    const uint64_t room = bytes_.value();
    const uint64_t paid = room < debt_ ? room : debt_;
    bytes_.sub(paid);
    debt_ -= paid;
  }

  DemandCounter items_;
  DemandCounter bytes_;
  uint64_t debt_ = 0;  // bytes by which the last item overdrew; consumer's thread only
};

}  // namespace weir::streams
