#include "weir/stats/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "weir/base/rng.h"

namespace weir {
namespace {

TEST(HistogramShape, IndexIsTheBucketWhoseBoundsHoldTheValue) {
  Rng rng(1);
  for (int i = 0; i < 200'000; ++i) {
    const double exponent = 10 + 30 * rng.uniform();
    const auto nanos = static_cast<int64_t>(std::exp2(exponent));
    const int index = HistogramShape::index(Duration(nanos));
    ASSERT_LE(HistogramShape::lower_ns(index), static_cast<double>(nanos) + 1) << nanos;
    ASSERT_GT(HistogramShape::lower_ns(index + 1), static_cast<double>(nanos) - 1) << nanos;
  }
}

TEST(HistogramShape, OutOfRangeGoesToTheEnds) {
  EXPECT_EQ(HistogramShape::index(Duration(-5)), 0);
  EXPECT_EQ(HistogramShape::index(Duration(0)), 0);
  EXPECT_EQ(HistogramShape::index(Duration::max()), HistogramShape::kBuckets - 1);
}

TEST(Histogram, QuantileErrorStaysWithinOnePointOnePercent) {
  Rng rng(7);
  std::vector<int64_t> exact;
  Histogram histogram;
  for (int i = 0; i < 100'000; ++i) {
    const auto nanos = static_cast<int64_t>(rng.exponential(20e6)) + 1024;
    exact.push_back(nanos);
    histogram.record(Duration(nanos));
  }
  std::sort(exact.begin(), exact.end());
  for (double q : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    const auto truth = static_cast<double>(exact[static_cast<size_t>(q * 100'000) - 1]);
    EXPECT_NEAR(static_cast<double>(histogram.quantile(q).count()) / truth, 1.0, 0.011) << q;
  }
}

TEST(Histogram, MergeIsExact) {
  Histogram left, right, both;
  for (int i = 1; i <= 1000; ++i) {
    (i % 2 ? left : right).record(Duration(i * 100'000));
    both.record(Duration(i * 100'000));
  }
  left.merge(right);
  EXPECT_EQ(left.count(), both.count());
  for (int i = 0; i < HistogramShape::kBuckets; ++i) ASSERT_EQ(left.count_at(i), both.count_at(i));
}

}  // namespace
}  // namespace weir
