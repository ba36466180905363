#include "weir/control/aimd_limit.h"

#include <gtest/gtest.h>

#include "unit/control/windows.h"

namespace weir {
namespace {

using testing::milliseconds;
using testing::window;

TEST(AimdLimit, AddsOneWhenAtLeastHalfUsed) {
  AimdLimit law;
  EXPECT_EQ(law.update(window(1, milliseconds(20), 10), {}).limit, 21u);       // 2·10 ≥ 20
  const LimitDecision held = law.update(window(1, milliseconds(20), 10), {});  // 2·10 < 21
  EXPECT_EQ(held.limit, 21u);
  EXPECT_EQ(held.cause, LimitCause::kHold);
}

TEST(AimdLimit, ADropTakesATenthRoundedDownToTheFloor) {
  AimdLimit law({.initial = 55});
  WindowStats stats = window(3, milliseconds(20), 55);
  stats.dropped = 1;
  EXPECT_EQ(law.update(stats, {}).limit, 49u);  // 49.5
  EXPECT_EQ(law.update(stats, {}).limit, 44u);  // 44.1
  for (int i = 0; i < 20; ++i) (void)law.update(stats, {});
  EXPECT_EQ(law.update(stats, {}).limit, 20u);
}

TEST(AimdLimit, SlowAnswersCountAsDrops) {
  AimdLimit law({.initial = 100});
  const LimitDecision decision = law.update(window(1, std::chrono::seconds(6), 100), {});
  EXPECT_EQ(decision.limit, 90u);
  EXPECT_EQ(decision.cause, LimitCause::kDrops);
}

TEST(AimdLimit, AnEmptyWindowSaysNothing) {
  AimdLimit law;
  EXPECT_EQ(law.update(window(0, {}, 20), {}).limit, 20u);
}

}  // namespace
}  // namespace weir
