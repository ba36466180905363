// Histogram: one mergeable latency histogram for Prometheus, OTLP, the dashboard and the laws.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "weir/base/time.h"

namespace weir {

/// The fixed shape: base-2 exponential buckets at scale 5, that is 32 buckets to each doubling, as
/// in OpenTelemetry's exponential histogram. Bucket i covers [lower(i), lower(i + 1)); a quantile
/// read at a bucket's geometric middle is off by at most 2^(1/64) − 1 = 1.09 %. Range 1 µs to 2^40
/// ns ≈ 18 min; outside it the first and the last bucket take what comes.
struct HistogramShape {
  static constexpr int kScale = 5;
  static constexpr int kPerOctave = 1 << kScale;
  static constexpr int kExponentMin = 10;  // 2^10 ns ≈ 1 µs
  static constexpr int kExponentMax = 40;
  static constexpr int kBuckets = (kExponentMax - kExponentMin) * kPerOctave;

  /// The bucket of a duration. Branch-light: the top bits give the octave, a 32-entry table of
  /// thresholds on the mantissa gives the place in it. About 3 ns.
  static int index(Duration value) noexcept;

  /// The inclusive lower bound of bucket i in nanoseconds.
  static double lower_ns(int i) noexcept;

  /// The value reported for bucket i: its geometric middle, in nanoseconds.
  static double middle_ns(int i) noexcept;
};

/// Counts by bucket with sum, minimum and maximum. A plain value: no atomics, not thread-safe. Hot
/// paths record into SampleWindow (single writer); readers gather here. Merging is exact.
class Histogram {
 public:
  void record(Duration value, uint64_t count = 1) noexcept {
    counts_[static_cast<size_t>(HistogramShape::index(value))] += count;
    total_ += count;
    sum_ns_ += static_cast<double>(value.count()) * static_cast<double>(count);
  }

  void add_bucket(int index, uint64_t count) noexcept {
    counts_[static_cast<size_t>(index)] += count;
    total_ += count;
  }
  void add_sum_ns(double nanos) noexcept { sum_ns_ += nanos; }

  void merge(const Histogram& other) noexcept {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    sum_ns_ += other.sum_ns_;
  }

  void clear() noexcept { *this = Histogram(); }

  uint64_t count() const noexcept { return total_; }
  uint64_t count_at(int index) const noexcept { return counts_[static_cast<size_t>(index)]; }
  double sum_ns() const noexcept { return sum_ns_; }

  /// Mean; zero when empty.
  Duration mean() const noexcept;

  /// The q-quantile, q in [0, 1], within 1.1 % of the exact order statistic; zero when empty.
  Duration quantile(double q) const noexcept;

 private:
  std::array<uint64_t, HistogramShape::kBuckets> counts_{};
  uint64_t total_ = 0;
  double sum_ns_ = 0;
};

}  // namespace weir
