// LimitNote: why the limit is what it is, for whoever explains a refusal: the last move of the law,
// written by the control loop, read by every worker.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "weir/policy/limiter.h"

namespace weir::proxy {

/// A copy of what a refusal remembers of the law's last move. `cause` is static text.
struct NotedMove {
  int64_t wall_ns = 0;  ///< since 1970; 0: the law has not moved the limit yet
  uint32_t before = 0;
  uint32_t after = 0;
  const char* cause = "";
};

/// A sequence lock over three words. write: one thread. read: any thread; tries a few times and
/// then takes what it has, since moves are at least 10 ms apart.
class LimitNote {
 public:
  void write(const NotedMove& move) noexcept {
    const uint64_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    wall_ns_.store(move.wall_ns, std::memory_order_relaxed);
    step_.store(uint64_t{move.before} << 32 | move.after, std::memory_order_relaxed);
    cause_.store(move.cause, std::memory_order_relaxed);
    version_.store(version + 2, std::memory_order_release);
  }

  NotedMove read() const noexcept {
    NotedMove move;
    for (int i = 0; i < kTries; ++i) {
      const uint64_t before = version_.load(std::memory_order_acquire);
      move.wall_ns = wall_ns_.load(std::memory_order_acquire);
      const uint64_t step = step_.load(std::memory_order_acquire);
      move.cause = cause_.load(std::memory_order_acquire);
      move.before = static_cast<uint32_t>(step >> 32);
      move.after = static_cast<uint32_t>(step);
      if (before % 2 == 0 && version_.load(std::memory_order_relaxed) == before) break;
    }
    return move;
  }

 private:
  static constexpr int kTries = 4;

  std::atomic<uint64_t> version_{0};
  std::atomic<int64_t> wall_ns_{0};
  std::atomic<uint64_t> step_{0};
  std::atomic<const char*> cause_{""};
};

}  // namespace weir::proxy
