#include "weir/stats/histogram.h"

#include <cmath>

namespace weir {
namespace {

// Thresholds between the 32 buckets of one octave, as 32-bit fractions of the mantissa:
// kBounds[k] = ceil((2^(k/32) − 1) · 2^32). A linear guess k = mantissa · 32 is never more than
// three buckets too low and never too high, because 2^x − 1 ≤ x on [0, 1]; so three comparisons
// correct it.
struct Bounds {
  uint64_t at[HistogramShape::kPerOctave + 3];
  Bounds() noexcept {
    for (int k = 0; k < HistogramShape::kPerOctave; ++k)
      at[k] = static_cast<uint64_t>(
          std::ceil((std::exp2(k / double{HistogramShape::kPerOctave}) - 1) * 0x1p32));
    for (int k = 0; k < 3; ++k) at[HistogramShape::kPerOctave + k] = uint64_t{1} << 32;
  }
};

const Bounds kBounds;

}  // namespace

int HistogramShape::index(Duration value) noexcept {
  if (value.count() < (int64_t{1} << kExponentMin)) return 0;
  const auto nanos = static_cast<uint64_t>(value.count());
  const int exponent = 63 - std::countl_zero(nanos);
  if (exponent >= kExponentMax) return kBuckets - 1;
  // The mantissa without its leading one, as a 32-bit fraction (exponents here are below 40).
  const uint64_t fraction = ((nanos << (63 - exponent)) << 1) >> 32;
  auto k = static_cast<int>(fraction >> (32 - kScale));
  k += fraction >= kBounds.at[k + 1];
  k += fraction >= kBounds.at[k + 1];
  k += fraction >= kBounds.at[k + 1];
  return (exponent - kExponentMin) * kPerOctave + k;
}

double HistogramShape::lower_ns(int i) noexcept {
  return std::exp2(kExponentMin + static_cast<double>(i) / kPerOctave);
}

double HistogramShape::middle_ns(int i) noexcept {
  return std::exp2(kExponentMin + (static_cast<double>(i) + 0.5) / kPerOctave);
}

Duration Histogram::mean() const noexcept {
  if (total_ == 0) return Duration::zero();
  return Duration(static_cast<int64_t>(sum_ns_ / static_cast<double>(total_)));
}

Duration Histogram::quantile(double q) const noexcept {
  if (total_ == 0) return Duration::zero();
  const double clamped = std::clamp(q, 0.0, 1.0);
  const auto rank = std::max<uint64_t>(
      1, static_cast<uint64_t>(std::ceil(clamped * static_cast<double>(total_))));
  uint64_t seen = 0;
  for (int i = 0; i < HistogramShape::kBuckets; ++i) {
    seen += counts_[static_cast<size_t>(i)];
    if (seen >= rank) return Duration(static_cast<int64_t>(HistogramShape::middle_ns(i)));
  }
  return Duration(static_cast<int64_t>(HistogramShape::middle_ns(HistogramShape::kBuckets - 1)));
}

}  // namespace weir
