// Ring: the last N records, written by anybody at any time, read without stopping the writers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

namespace weir::observe {

/// Keeps the newest `Capacity` records; older ones are overwritten. put() is lock-free and
/// allocates nothing, from any thread; read() from any thread. Each slot is a sequence lock whose
/// words are atomics: a reader that raced with a writer leaves the record out rather than tear it.
/// A writer that finds its slot still being written (it was lapped by Capacity others) drops its
/// record and counts that.
template <typename T, size_t Capacity>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// A record with its number: 0 for the first ever put, then 1, ...
  struct Entry {
    uint64_t number;
    T record;
  };

  void put(const T& record) noexcept {
    const uint64_t number = next_.fetch_add(1, std::memory_order_relaxed);
    Slot& slot = slots_[number % Capacity];
    uint64_t seen = slot.version.load(std::memory_order_relaxed);
    const uint64_t writing = 2 * number + 1;
    if (seen % 2 == 1 || seen >= writing ||
        !slot.version.compare_exchange_strong(seen, writing, std::memory_order_acquire)) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    std::atomic_thread_fence(std::memory_order_release);
    Words words{};
    std::memcpy(words.data(), &record, sizeof record);
    for (size_t i = 0; i < kWords; ++i) slot.words[i].store(words[i], std::memory_order_relaxed);
    slot.version.store(writing + 1, std::memory_order_release);
  }

  /// The records numbered `from` and later that are still there, oldest first.
  std::vector<Entry> read(uint64_t from = 0) const {
    std::vector<Entry> entries;
    const uint64_t end = next_.load(std::memory_order_acquire);
    const uint64_t oldest = end > Capacity ? end - Capacity : 0;
    for (uint64_t number = from > oldest ? from : oldest; number < end; ++number) {
      const Slot& slot = slots_[number % Capacity];
      const uint64_t done = 2 * number + 2;
      if (slot.version.load(std::memory_order_acquire) != done) continue;
      Words words;
      for (size_t i = 0; i < kWords; ++i) words[i] = slot.words[i].load(std::memory_order_acquire);
      if (slot.version.load(std::memory_order_relaxed) != done) continue;
      Entry entry{number, T{}};
      std::memcpy(static_cast<void*>(&entry.record), words.data(), sizeof entry.record);
      entries.push_back(entry);
    }
    return entries;
  }

  /// Records put so far, dropped ones included.
  uint64_t count() const noexcept { return next_.load(std::memory_order_relaxed); }
  uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kWords = (sizeof(T) + sizeof(uint64_t) - 1) / sizeof(uint64_t);
  using Words = std::array<uint64_t, kWords>;

  struct Slot {
    std::atomic<uint64_t> version{0};  // odd while written; 2 · number + 2 when done
    std::atomic<uint64_t> words[kWords] = {};
  };

  std::atomic<uint64_t> next_{0};
  std::atomic<uint64_t> dropped_{0};
  std::unique_ptr<Slot[]> slots_ = std::make_unique<Slot[]>(Capacity);
};

}  // namespace weir::observe
