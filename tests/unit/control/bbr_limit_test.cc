#include "weir/control/bbr_limit.h"

#include <gtest/gtest.h>

#include "unit/control/windows.h"

namespace weir {
namespace {

using testing::at;
using testing::milliseconds;

WindowStats bucket(uint64_t count, Duration latency, double cpu, uint64_t limited = 0) {
  WindowStats stats = testing::window(count, latency, 30);
  stats.cpu_used_ratio = cpu;
  stats.limited = limited;
  return stats;
}

TEST(BbrLimit, DoesNothingWhileTheCpuIsIdle) {
  BbrLimit law({.cpu_decay = 0});
  for (int i = 0; i < 20; ++i) {
    const LimitDecision decision = law.update(bucket(200, milliseconds(400), 0.79), at({}));
    EXPECT_EQ(decision.limit, 100'000u);
  }
}

TEST(BbrLimit, BestBucketTimesLeastLatencyWhenTheCpuIsBusy) {
  BbrLimit law({.cpu_decay = 0});
  (void)law.update(bucket(200, milliseconds(30), 0.5), at({}));
  (void)law.update(bucket(320, milliseconds(40), 0.9), at({}));
  LimitDecision decision;
  for (int i = 0; i < 3; ++i) decision = law.update(bucket(100, milliseconds(20), 1), at({}));
  // CPU over the five buckets: (0.5 + 0.9 + 3)/5 = 0.88 ≥ 0.8. 320 · 20 · 10/1000 = 64, one more
  // passes.
  EXPECT_NEAR(decision.figures[0], 0.88, 1e-9);
  EXPECT_NEAR(decision.figures[1], 64, 2);  // the histogram's 20 ms may round up to 21
  EXPECT_EQ(decision.limit, static_cast<uint32_t>(decision.figures[1]) + 1);
}

TEST(BbrLimit, TheMovingAverageTakesSecondsToSeeTheCpu) {
  BbrLimit law;
  LimitDecision decision;
  // 1 − 0.95^n ≥ 0.8 from n = 32 on: 16 s of a fully busy CPU
  for (int i = 0; i < 31 * 5; ++i) decision = law.update(bucket(100, milliseconds(20), 1), at({}));
  EXPECT_EQ(decision.limit, 100'000u);
  for (int i = 0; i < 5; ++i) decision = law.update(bucket(100, milliseconds(20), 1), at({}));
  EXPECT_LT(decision.limit, 100u);
}

TEST(BbrLimit, GoesOnForASecondAfterItBeganToRefuse) {
  BbrLimit law({.cpu_decay = 0});
  for (int i = 0; i < 5; ++i) (void)law.update(bucket(100, milliseconds(20), 1), at({}));
  (void)law.update(bucket(100, milliseconds(20), 1, 50), at({}));
  LimitDecision decision;
  for (int i = 0; i < 5; ++i)
    decision = law.update(bucket(100, milliseconds(20), 0), at(milliseconds(900)));
  EXPECT_LT(decision.limit, 100u);
  decision = law.update(bucket(100, milliseconds(20), 0), at(milliseconds(1100)));
  EXPECT_EQ(decision.limit, 100'000u);
}

}  // namespace
}  // namespace weir
