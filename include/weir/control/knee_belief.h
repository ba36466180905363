// KneeBelief: where the knee may be, and what happens beyond it, as a distribution.
#pragma once

#include <array>
#include <cstddef>

namespace weir {

/// A probability for each of 400 places of ln(knee), 0.03 apart, from 1 to e^12 ≈ 160,000, and for
/// each of five declines beyond it.
///
/// A comparison of throughput at two limits, low D and high H, says different things about
/// different knees. With ln T rising by 1 for 1 up to the knee and falling by the decline a beyond
/// it, ln(T_H/T_D) is ln(H/D) when K ≥ H, −a·ln(H/D) when K ≤ D, and in between a sum of the two.
/// One comparison that shows no response therefore moves belief below D without saying where, which
/// no single mean and variance can express; here the belief stays as wide as it is.
///
/// A decline of 0 is a service that only queues; contention (locks, caches, thrashing) has more,
/// and makes a limit that is too high costly.
///
/// About 30 µs a comparison, no allocation. Not thread-safe.
class KneeBelief {
 public:
  KneeBelief() noexcept;

  /// Forgets where the knee is for a normal distribution of ln(knee), and keeps what is known of
  /// the decline. A small share stays everywhere, so that no place is ever ruled out for good.
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

  /// The expected decline: by how much ln(throughput) falls for each ln(limit) beyond the knee, 0
  /// to 4.
  double decline() const noexcept;

 private:
  static constexpr int kCells = 400;
  static constexpr double kStep = 0.03;
  static constexpr std::array<double, 5> kDeclines = {0, 0.5, 1, 2, 4};
  using Places = std::array<double, kCells>;
  using Shares = std::array<double, kDeclines.size()>;

  void normalise() noexcept;
  double mass_at(size_t place) const noexcept;
  Shares shares() const noexcept;

  std::array<Places, kDeclines.size()> mass_{};
};

}  // namespace weir
