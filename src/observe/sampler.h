// Sampler: lets one of many equal log lines through and counts the rest, so that logging refusals
// never becomes the overload.
#pragma once

#include <cstdint>
#include <optional>

#include "weir/base/time.h"

namespace weir::observe {

/// One for each kind of line and worker. Not thread-safe.
class Sampler {
 public:
  /// At most one line each `interval`.
  explicit constexpr Sampler(Duration interval = std::chrono::seconds(1)) noexcept
      : interval_(interval) {}

  /// A value: write the line, and say in it how many were left out since the last one. None: this
  /// one was counted, write nothing.
  constexpr std::optional<uint64_t> take(Instant now) noexcept {
    if (now < next_) {
      ++left_out_;
      return std::nullopt;
    }
    return emit(now);
  }

  /// For a periodic tick: a value if lines were left out and the interval has passed, so that the
  /// last burst is told too when no further line comes.
  constexpr std::optional<uint64_t> flush(Instant now) noexcept {
    if (left_out_ == 0 || now < next_) return std::nullopt;
    return emit(now);
  }

 private:
  constexpr uint64_t emit(Instant now) noexcept {
    const uint64_t count = left_out_;
    left_out_ = 0;
    next_ = now + interval_;
    return count;
  }

  Duration interval_;
  Instant next_ = Instant::min();
  uint64_t left_out_ = 0;
};

}  // namespace weir::observe
