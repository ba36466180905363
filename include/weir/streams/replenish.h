// Replenisher: when to ask upstream for the next items.
#pragma once

#include <cstdint>

#include "weir/streams/publisher.h"

namespace weir::streams {

/// Asks for more once three quarters of a buffer have been used: the last quarter is what the
/// consumer works on while the request travels. At the half, small buffers starve on the round
/// trip; at the end, all do. Bound: requested − used never exceeds the buffer. One thread at a
/// time.
class Replenisher {
 public:
  explicit Replenisher(uint64_t buffer) noexcept
      : batch_(buffer == kUnbounded ? kUnbounded : buffer - buffer / 4) {}

  /// `n` more items were used; returns what to request now, 0 for nothing.
  uint64_t used(uint64_t n) noexcept {
    used_ += n;
    if (used_ < batch_) return 0;
    const uint64_t all = used_;
    used_ = 0;
    return all;
  }

 private:
  uint64_t batch_;
  uint64_t used_ = 0;
};

}  // namespace weir::streams
