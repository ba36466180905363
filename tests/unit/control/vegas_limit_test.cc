#include "weir/control/vegas_limit.h"

#include <gtest/gtest.h>

#include "unit/control/windows.h"

namespace weir {
namespace {

using testing::milliseconds;
using testing::window;

// log10 of every limit here is 1, so: threshold 1, alpha 3, beta 6.
VegasLimit law_with_baseline_20ms(uint32_t initial = 20) {
  VegasLimit law({.initial = initial, .probe_multiplier = 1e9});
  EXPECT_EQ(law.update(window(1, milliseconds(20), initial), {}).limit, initial);
  return law;
}

TEST(VegasLimit, WithoutQueueingItGrowsByBeta) {
  VegasLimit law = law_with_baseline_20ms();
  EXPECT_EQ(law.update(window(1, milliseconds(20), 20), {}).limit, 26u);
}

TEST(VegasLimit, BelowAlphaItGrowsByOne) {
  VegasLimit law = law_with_baseline_20ms();
  // q = ⌈20·(1 − 20/22)⌉ = ⌈1.82⌉ = 2
  const LimitDecision decision = law.update(window(1, milliseconds(22), 20), {});
  EXPECT_EQ(decision.figures[2], 2);
  EXPECT_EQ(decision.limit, 21u);
}

TEST(VegasLimit, BetweenAlphaAndBetaItHolds) {
  VegasLimit law = law_with_baseline_20ms();
  // q = ⌈20·(1 − 20/25)⌉ = 4
  EXPECT_EQ(law.update(window(1, milliseconds(25), 20), {}).limit, 20u);
}

TEST(VegasLimit, AboveBetaItShrinksByOne) {
  VegasLimit law = law_with_baseline_20ms();
  // q = ⌈20·(1 − 20/40)⌉ = 10
  const LimitDecision decision = law.update(window(1, milliseconds(40), 20), {});
  EXPECT_EQ(decision.limit, 19u);
  EXPECT_EQ(decision.cause, LimitCause::kShrink);
}

TEST(VegasLimit, HalfUsedOrLessIsNotSaturated) {
  VegasLimit law = law_with_baseline_20ms();
  const LimitDecision decision = law.update(window(1, milliseconds(40), 9), {});
  EXPECT_EQ(decision.limit, 20u);
  EXPECT_EQ(decision.cause, LimitCause::kNotSaturated);
}

TEST(VegasLimit, ADropShrinksEvenWithoutASample) {
  VegasLimit law = law_with_baseline_20ms(200);  // log10 is 2
  WindowStats stats = window(0, {}, 200);
  stats.dropped = 3;
  EXPECT_EQ(law.update(stats, {}).limit, 198u);
}

TEST(VegasLimit, AProbeTakesTheNextLatencyAsTheBaseline) {
  VegasLimit law({.probe_multiplier = 1});  // probes within 20 samples
  (void)law.update(window(1, milliseconds(20), 20), {});
  const LimitDecision probe = law.update(window(20, milliseconds(60), 20), {});
  EXPECT_NEAR(probe.figures[0], 0.060, 0.0007);
  EXPECT_EQ(probe.limit, 20u);
}

}  // namespace
}  // namespace weir
