#include "weir/control/gradient2_limit.h"

#include <gtest/gtest.h>

#include "unit/control/windows.h"

namespace weir {
namespace {

using testing::milliseconds;
using testing::window;

TEST(Gradient2Limit, SteadyLatencyGrowsByAFifthOfTheQueueSize) {
  Gradient2Limit law;
  // g = 1: 0.8·20 + 0.2·(20 + 4) = 20.8, then 21.6
  EXPECT_EQ(law.update(window(50, milliseconds(20), 20), {}).limit, 20u);
  EXPECT_EQ(law.update(window(50, milliseconds(20), 20), {}).limit, 21u);
}

TEST(Gradient2Limit, ShrinksByTheGradientBeyondTheTolerance) {
  Gradient2Limit law({.initial = 100});
  (void)law.update(window(50, milliseconds(20), 10), {});  // not saturated: only the average
  // long = (20 + 80)/2 = 50; g = 1.5·50/80 = 0.9375; 0.8·100 + 0.2·(93.75 + 4) = 99.55
  const LimitDecision decision = law.update(window(50, milliseconds(80), 100), {});
  EXPECT_EQ(decision.limit, 99u);
  EXPECT_EQ(decision.cause, LimitCause::kShrink);
  EXPECT_NEAR(decision.figures[0], 0.050, 1e-9);
  EXPECT_NEAR(decision.figures[2], 0.9375, 1e-9);
}

TEST(Gradient2Limit, TheGradientIsNeverBelowAHalf) {
  Gradient2Limit law({.initial = 100});
  for (int i = 0; i < 10; ++i) (void)law.update(window(50, milliseconds(10), 10), {});
  // EWMA: long = 10 + (2/601)·(1000 − 10) = 13.29; 1.5·13.29/1000 clamps to 0.5:
  // 0.8·100 + 0.2·54 = 90.8
  const LimitDecision decision = law.update(window(50, milliseconds(1000), 100), {});
  EXPECT_NEAR(decision.figures[0], 0.01329, 1e-5);
  EXPECT_EQ(decision.figures[2], 0.5);
  EXPECT_EQ(decision.limit, 90u);
}

TEST(Gradient2Limit, HelpsTheLongAverageDownWhenLatencyIsBackToNormal) {
  Gradient2Limit law;
  (void)law.update(window(50, milliseconds(100), 5), {});
  // long = (100 + 10)/2 = 55 > 2·10, so 55·0.95 = 52.25
  EXPECT_NEAR(law.update(window(50, milliseconds(10), 5), {}).figures[0], 0.05225, 1e-9);
}

}  // namespace
}  // namespace weir
