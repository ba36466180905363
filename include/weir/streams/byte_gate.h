// ByteGate: bounds what a buffer holds in bytes, although requests are counted in items.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir::streams {

/// Reactive Streams asks for items, and nobody knows how large the next one is. So a buffer with a
/// bound in bytes asks for one item at a time, and only while it holds less than the bound: it
/// never holds more than the bound and one item. arrived() by the producer, left() by the consumer;
/// lock-free.
class ByteGate {
 public:
  explicit ByteGate(uint64_t bytes_max) noexcept : bytes_max_(bytes_max) {}

  /// An item came in. True: ask for the next one now.
  bool arrived(uint64_t bytes) noexcept {
    if (held_.fetch_add(bytes, std::memory_order_seq_cst) + bytes < bytes_max_) return true;
    closed_.store(true, std::memory_order_seq_cst);
    return reopen();
  }

  /// An item went out. True: ask for the next one now.
  bool left(uint64_t bytes) noexcept {
    held_.fetch_sub(bytes, std::memory_order_seq_cst);
    return reopen();
  }

  uint64_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

 private:
  // One of the two sides, whichever sees both facts first.
  bool reopen() noexcept {
    return held_.load(std::memory_order_seq_cst) < bytes_max_ &&
           closed_.exchange(false, std::memory_order_seq_cst);
  }

  const uint64_t bytes_max_;
  std::atomic<uint64_t> held_{0};
  std::atomic<bool> closed_{false};
};

}  // namespace weir::streams
