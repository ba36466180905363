// KneeBelief: where the knee may be, as a distribution.
#pragma once

#include <array>

namespace weir {

/// A probability for each of 400 places of ln(knee), 0.03 apart, from 1 to e^12 ≈ 160,000.
///
/// A comparison of throughput at two limits, low D and high H, says different things about
/// different knees: with T = min(L, K)/S, ln(T_H/T_D) is 0 when K ≤ D, ln(K/D) in between and
/// ln(H/D) when K ≥ H. One comparison that shows no response therefore moves belief below D without
/// saying where, which no single mean and variance can express; here the belief stays as wide as it
/// is.
///
/// About 5 µs a comparison, no allocation. Not thread-safe.
class KneeBelief {
 public:
  KneeBelief() noexcept { reset(0, 1); }

  /// Forgets everything for a normal distribution of ln(knee). A small share stays everywhere, so
  /// that no place is ever ruled out for good.
  void reset(double log_knee, double deviation) noexcept;

  /// One comparison: `response` is ln(T_H/T_D), `error` its standard error, above 0.
  void observe(double log_low, double log_high, double response, double error) noexcept;

  /// The knee may have wandered by this variance of its logarithm.
  void diffuse(double variance) noexcept;

  /// The place below which the knee is with probability `q`, in ln units.
  double quantile(double q) const noexcept;
  double median() const noexcept { return quantile(0.5); }
  /// Half the width of the middle 68 %: the standard deviation of a normal distribution.
  double deviation() const noexcept { return (quantile(0.84) - quantile(0.16)) / 2; }

 private:
  static constexpr int kCells = 400;
  static constexpr double kStep = 0.03;

  void normalise() noexcept;

  std::array<double, kCells> mass_{};
};

}  // namespace weir
