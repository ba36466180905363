// RateMeter: how fast something goes, lately.
#pragma once

#include <algorithm>
#include <cmath>

#include "weir/base/time.h"

namespace weir::bridge {

/// An exponentially fading rate: what happened `memory` ago counts e⁻¹ as much. Not thread-safe.
class RateMeter {
 public:
  explicit RateMeter(Duration memory) noexcept : memory_(to_seconds(memory)) {}

  void add(double amount, Instant now) noexcept {
    fade(now);
    sum_ += amount;
  }

  /// Per second. Zero before anything was added.
  double per_second(Instant now) noexcept {
    fade(now);
    return sum_ / memory_;
  }

 private:
  void fade(Instant now) noexcept {
    if (now > last_) sum_ *= std::exp(-to_seconds(now - last_) / memory_);
    last_ = std::max(now, last_);
  }

  double memory_;
  double sum_ = 0;
  Instant last_{};
};

}  // namespace weir::bridge
