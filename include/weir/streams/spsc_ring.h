// SpscRing: a bounded queue between one producer and one consumer.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace weir::streams {

/// Bytes that keep two threads' data apart; x86 fetches lines in pairs, so twice 64.
inline constexpr size_t kCacheLine = 128;

/// Larger buffers are a mistake: memory bounded by 16 million items is not bounded in practice.
inline constexpr uint64_t kBufferItemsMax = uint64_t{1} << 24;

/// Lamport's queue with each side's view of the other cached (Lee, Bui, Chandranmenon 2009), and
/// with a tail that is published apart from the push, so that a burst costs one shared store. push
/// and publish by one thread, front, pop and clear by one thread; the threads may change when the
/// change itself synchronises. Allocates in the constructor only.
template <typename T>
class SpscRing {
 public:
  /// Room for exactly `capacity` items, at least 1.
  explicit SpscRing(size_t capacity)
      : capacity_(capacity),
        mask_(std::bit_ceil(capacity) - 1),
        slots_(std::make_unique<Slot[]>(mask_ + 1)) {}
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;
  ~SpscRing() {
    publish();
    clear();
  }

  size_t capacity() const noexcept { return capacity_; }

  /// False, and `item` untouched, when full. Not visible to the consumer before publish().
  bool push(T&& item) noexcept {
    if (pushed_ - head_seen_ >= capacity_) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (pushed_ - head_seen_ >= capacity_) return false;
    }
    ::new (slots_[pushed_ & mask_].bytes) T(std::move(item));
    ++pushed_;
    return true;
  }
  void publish() noexcept { tail_.store(pushed_, std::memory_order_release); }

  /// Items pushed since the last publish().
  uint64_t unpublished() const noexcept { return pushed_ - tail_.load(std::memory_order_relaxed); }

  /// The oldest item, or nullptr.
  T* front() noexcept {
    const uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head == tail_seen_) return nullptr;
    }
    return std::launder(reinterpret_cast<T*>(slots_[head & mask_].bytes));
  }

  /// The item `offset` places behind the oldest; offset is below size(). For a consumer that reads
  /// more than once what it pops later.
  T& at(uint64_t offset) noexcept {
    const uint64_t head = head_.load(std::memory_order_relaxed);
    return *std::launder(reinterpret_cast<T*>(slots_[(head + offset) & mask_].bytes));
  }

  /// Removes what front() returned.
  void pop() noexcept {
    const uint64_t head = head_.load(std::memory_order_relaxed);
    std::launder(reinterpret_cast<T*>(slots_[head & mask_].bytes))->~T();
    head_.store(head + 1, std::memory_order_release);
  }

  /// Removes and returns the oldest item; front() is not nullptr.
  T take() noexcept {
    T item = std::move(*front());
    pop();
    return item;
  }

  void clear() noexcept {
    while (front() != nullptr) pop();
  }

  /// Published items not yet popped; there may be more by the time it returns. Consumer only.
  uint64_t size() noexcept {
    tail_seen_ = tail_.load(std::memory_order_acquire);
    return tail_seen_ - head_.load(std::memory_order_relaxed);
  }

 private:
  struct Slot {
    alignas(T) std::byte bytes[sizeof(T)];
  };

  const size_t capacity_;
  const size_t mask_;  // the slots are a power of two
  const std::unique_ptr<Slot[]> slots_;
  alignas(kCacheLine) uint64_t pushed_ = 0;  // producer
  uint64_t head_seen_ = 0;
  std::atomic<uint64_t> tail_{0};
  alignas(kCacheLine) std::atomic<uint64_t> head_{0};  // consumer
  uint64_t tail_seen_ = 0;
};

}  // namespace weir::streams
