#include "weir/control/cpu_limit.h"

#include <gtest/gtest.h>

#include "unit/control/windows.h"

namespace weir {
namespace {

using std::chrono::seconds;
using testing::at;
using testing::milliseconds;

WindowStats window(double cpu, uint32_t inflight) {
  WindowStats stats = testing::window(100, milliseconds(20), inflight, milliseconds(50));
  stats.cpu_used_ratio = cpu;
  return stats;
}

TEST(CpuLimit, TakesATwentiethWhenTheCpuIsHot) {
  CpuLimit law({.range = {1, 1000}});
  EXPECT_EQ(law.update(window(0.90, 100), at(seconds(1))).limit, 950u);
  EXPECT_EQ(law.update(window(0.95, 100), at(seconds(1))).limit, 903u);  // 950 − ⌊47.5⌋
}

TEST(CpuLimit, EstimatesOnceFromItsFirstSamples) {
  CpuLimit law({.range = {1, 1000}, .estimate_samples = 4});
  for (const uint32_t inflight : {10, 20, 30})
    EXPECT_EQ(law.update(window(0.45, inflight), at(seconds(5))).limit, 1000u);
  // 0.9·n/0.45 = 20, 40, 60, 80; the 75th percentile of four is the last
  const LimitDecision decision = law.update(window(0.45, 40), at(seconds(5)));
  EXPECT_EQ(decision.limit, 80u);
  EXPECT_EQ(decision.cause, LimitCause::kJump);
}

TEST(CpuLimit, GrowsOnlyWhenInUseOrBelowItsEstimate) {
  CpuLimit law({.range = {1, 1000}, .estimate_samples = 1});
  (void)law.update(window(0.45, 50), at(seconds(5)));  // estimate 100
  EXPECT_EQ(law.update(window(0.5, 79), at(seconds(6))).limit, 100u);
  EXPECT_EQ(law.update(window(0.5, 80), at(seconds(6))).limit, 105u);
  (void)law.update(window(1, 80), at(seconds(7)));  // 105 − 5
  (void)law.update(window(1, 80), at(seconds(7)));  // 95
  EXPECT_EQ(law.update(window(0.5, 10), at(seconds(8))).limit, 95u) << "refractory for a second";
  EXPECT_EQ(law.update(window(0.5, 10), at(seconds(9))).limit, 99u);
}

TEST(CpuLimit, WithoutASignalItHolds) {
  CpuLimit law({.range = {1, 1000}});
  EXPECT_EQ(law.update(window(0, 900), at(seconds(1))).limit, 1000u);
}

}  // namespace
}  // namespace weir
