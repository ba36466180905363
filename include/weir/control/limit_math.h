// Arithmetic that several control laws share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace weir {

/// The inclusive range a law keeps its limit in.
struct LimitRange {
  uint32_t min = 1;
  uint32_t max = 100'000;
};

/// `value` clamped to `range`, as a real number: laws keep the fraction between updates. NaN gives
/// the minimum, so that a broken estimate closes the gate instead of opening it.
inline double clamp_to(LimitRange range, double value) noexcept {
  if (std::isnan(value)) return range.min;
  return std::clamp(value, static_cast<double>(range.min), static_cast<double>(range.max));
}

/// The integer limit for a clamped real one: rounded down, at least 1.
inline uint32_t whole(double limit) noexcept {
  return std::max<uint32_t>(1, static_cast<uint32_t>(limit));
}

/// Exponentially weighted mean that starts with its first value.
class Ewma {
 public:
  /// `alpha` in (0, 1]: the weight of a new value.
  explicit constexpr Ewma(double alpha) noexcept : alpha_(alpha) {}

  void add(double value) noexcept {
    value_ = empty_ ? value : value_ + alpha_ * (value - value_);
    empty_ = false;
  }
  void set(double value) noexcept {
    value_ = value;
    empty_ = false;
  }
  void clear() noexcept { empty_ = true; }

  bool empty() const noexcept { return empty_; }
  double value() const noexcept { return value_; }

 private:
  double alpha_;
  double value_ = 0;
  bool empty_ = true;
};

}  // namespace weir
