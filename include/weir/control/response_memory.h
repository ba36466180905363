// ResponseMemory: what throughput was at which limit, fading with time.
#pragma once

#include <array>
#include <cstdint>

#include "weir/base/time.h"

namespace weir {

/// Counts of finished work and the time they took, by limit, on a grid that is exact up to 16 and
/// then steps by a tenth. Forgets exponentially. Fixed memory (3 KiB); not thread-safe.
class ResponseMemory {
 public:
  struct Options {
    Duration fade = std::chrono::seconds(12);  ///< e-folding time
  };

  struct Sample {
    double finished = 0;
    double seconds = 0;

    void add(double count, double length) noexcept {
      finished += count;
      seconds += length;
    }
    double rate() const noexcept { return seconds > 0 ? finished / seconds : 0; }
  };

  explicit ResponseMemory(Options options) noexcept : options_(options) {}

  /// The limit of the grid that is nearest to `limit`, at least 1.
  static uint32_t nearest(double limit) noexcept;
  /// The next limit of the grid above `limit` (of the grid), or below it; at least 1.
  static uint32_t step(uint32_t limit, bool up) noexcept;

  /// What is remembered at `limit`, faded to `now`.
  Sample at(uint32_t limit, Instant now) noexcept;
  void add(uint32_t limit, const Sample& sample, Instant now) noexcept;
  void forget() noexcept { cells_ = {}; }

 private:
  static constexpr int kCells = 128;  // up to 16 · 1.1^111 ≈ 630,000
  struct Cell {
    Sample sample;
    Instant faded_at{};
  };
  static int index(double limit) noexcept;
  static uint32_t limit_at(int index) noexcept;
  Cell& faded(uint32_t limit, Instant now) noexcept;

  Options options_;
  std::array<Cell, kCells> cells_{};
};

}  // namespace weir
