#include "weir/control/failsafe_limit.h"

#include <gtest/gtest.h>

#include "unit/control/windows.h"

namespace weir {
namespace {

using std::chrono::seconds;
using testing::at;
using testing::milliseconds;

WindowStats second(Duration latency, uint32_t peak, uint32_t inflight) {
  WindowStats stats = testing::window(100, latency, peak, seconds(1), seconds(1));
  stats.inflight = inflight;
  return stats;
}

TEST(FailsafeLimit, GrowsByOneWhileLatencyIsAtItsBaseline) {
  FailsafeLimit law;
  EXPECT_EQ(law.initial(), 20u);
  // b = r: q = 0 < 3·1: 20 + ⌊log10 20⌋ = 21
  EXPECT_EQ(law.update(second(milliseconds(20), 20, 10), at(seconds(1))).limit, 21u);
}

TEST(FailsafeLimit, ShrinksByOneWhenMoreThanSixQueue) {
  FailsafeLimit law;
  (void)law.update(second(milliseconds(10), 20, 10), at(seconds(1)));
  // Windows of 10 and 90 ms, both averages plain means while they warm up: r = (10 + 90)/2 = 50,
  // b = (10 + 50)/2 = 30; q = ⌈21·(1 − 30/50)⌉ = 9 > 6: 21 − 1 = 20
  const LimitDecision decision = law.update(second(milliseconds(90), 20, 10), at(seconds(2)));
  EXPECT_EQ(decision.limit, 20u);
  EXPECT_EQ(decision.cause, LimitCause::kShrink);
  EXPECT_NEAR(decision.figures[0], 0.050, 0.001);
  EXPECT_NEAR(decision.figures[1], 0.030, 0.001);
  EXPECT_EQ(decision.figures[2], 9);
}

TEST(FailsafeLimit, HoldsBetweenThreeAndSix) {
  FailsafeLimit law;
  (void)law.update(second(milliseconds(10), 20, 10), at(seconds(1)));
  // r = (10 + 26)/2 = 18, b = (10 + 18)/2 = 14; q = ⌈21·(1 − 14/18)⌉ = 5
  const LimitDecision decision = law.update(second(milliseconds(26), 20, 10), at(seconds(2)));
  EXPECT_EQ(decision.limit, 21u);
  EXPECT_EQ(decision.figures[2], 5);
}

TEST(FailsafeLimit, StaysBelowFiveTimesThePeak) {
  FailsafeLimit law;
  // 21 > 5·4: 20 − 1 = 19
  EXPECT_EQ(law.update(second(milliseconds(20), 4, 3), at(seconds(1))).limit, 19u);
}

TEST(FailsafeLimit, AMedianOfFiveForgetsAnOutlier) {
  FailsafeLimit law;
  for (int i = 0; i < 5; ++i) (void)law.update(second(milliseconds(10), 20, 10), at(seconds(1)));
  const LimitDecision decision = law.update(second(milliseconds(900), 20, 10), at(seconds(2)));
  EXPECT_NEAR(decision.figures[0], 0.010, 0.0003);
}

TEST(FailsafeLimit, FullAndWithoutMoreThroughputItShrinks) {
  FailsafeLimit law({.warmup = 2});
  // In flight 10 and 20 at 10 and 30 ms: throughput 1000 and 667/s, so the correlation is −1.
  WindowStats full = second(milliseconds(10), 10, 10);
  (void)law.update(full, at(seconds(1)));
  const LimitDecision decision = law.update(second(milliseconds(90), 20, 21), at(seconds(2)));
  EXPECT_EQ(decision.cause, LimitCause::kShrink);
  EXPECT_NEAR(decision.figures[3], -1, 1e-9);
}

TEST(CorrelationWindow, KnowsAStraightLineAndForgets) {
  CorrelationWindow window(3, 2);
  EXPECT_EQ(window.add(1, 2).correlation, 0) << "one pair says nothing";
  EXPECT_NEAR(window.add(2, 4).correlation, 1, 1e-9);
  (void)window.add(3, 1);
  (void)window.add(4, 0.5);
  EXPECT_LT(window.add(5, 0.1).correlation, -0.9) << "the first two have left";
  EXPECT_EQ(CorrelationWindow(3, 2).add(1, 1).variation_y, 0);
}

}  // namespace
}  // namespace weir
