// ByteBudget: how many bytes of records may be held at once, and when to go on reading.
#pragma once

#include <cstddef>

#include "weir/base/assert.h"

namespace weir::bridge {

/// One bound over everything that is held: waiting in lanes, in flight, on their way to a retry
/// topic. Reading stops when the budget is used up and starts again below 7/8 of it, so that one
/// finished record does not start a fetch of its own. The one record that crosses the line is let
/// in, so a record larger than the whole budget passes alone instead of never. Not thread-safe.
class ByteBudget {
 public:
  /// `bytes_max` > 0.
  explicit ByteBudget(size_t bytes_max) noexcept : bytes_max_(bytes_max) {}

  /// Whether another record may be read now.
  bool open() noexcept {
    if (used_ >= bytes_max_) open_ = false;
    if (used_ <= bytes_max_ / 8 * 7) open_ = true;
    return open_;
  }
  void take(size_t bytes) noexcept { used_ += bytes; }
  void give(size_t bytes) noexcept {
    WEIR_ASSERT(bytes <= used_);
    used_ -= bytes;
  }

  size_t used() const noexcept { return used_; }
  size_t bytes_max() const noexcept { return bytes_max_; }

 private:
  size_t bytes_max_;
  size_t used_ = 0;
  bool open_ = true;
};

}  // namespace weir::bridge
