#include "weir/control/brpc_limit.h"

#include <gtest/gtest.h>

#include "unit/control/windows.h"

namespace weir {
namespace {

using std::chrono::seconds;
using testing::at;
using testing::milliseconds;
using testing::window;

TEST(BrpcLimit, BestRateTimesLeastLatencyPlusHeadroom) {
  BrpcLimit law;
  EXPECT_EQ(law.initial(), 40u);
  // 200 in 100 ms: 2000/s · 20 ms = 40; headroom stays at its 0.3 maximum: 52
  const LimitDecision decision =
      law.update(window(200, milliseconds(20), 40, milliseconds(100)), at(milliseconds(100)));
  EXPECT_EQ(decision.limit, 52u);
  EXPECT_NEAR(decision.figures[1], 2000, 1e-6);
}

TEST(BrpcLimit, HigherLatencyAtFullRateTakesHeadroom) {
  BrpcLimit law;
  (void)law.update(window(200, milliseconds(20), 40, milliseconds(100)), at(milliseconds(100)));
  // r = 30 > 20·1.06 and q = q_max: headroom 0.28, r_min stays: 40·1.28 = 51.2
  const LimitDecision decision =
      law.update(window(200, milliseconds(30), 40, milliseconds(100)), at(milliseconds(200)));
  EXPECT_EQ(decision.limit, 51u);
  EXPECT_NEAR(decision.figures[0], 0.020, 1e-9);
}

TEST(BrpcLimit, LessRateIsForgottenSlowlyAndLessLatencyByATenth) {
  BrpcLimit law;
  (void)law.update(window(200, milliseconds(20), 40, milliseconds(100)), at(milliseconds(100)));
  // q = 1000: q_max = 2000 − 0.01·1000 = 1990; r_min = 20 − 0.1·10 = 19
  const LimitDecision decision =
      law.update(window(200, milliseconds(10), 40, milliseconds(200)), at(milliseconds(300)));
  EXPECT_NEAR(decision.figures[0], 0.019, 1e-9);
  EXPECT_NEAR(decision.figures[1], 1990, 1e-6);
}

TEST(BrpcLimit, AWindowWithFewSamplesIsDiscarded) {
  BrpcLimit law;
  EXPECT_EQ(law.update(window(99, milliseconds(20), 40, seconds(1)), at(seconds(1))).limit, 40u);
}

TEST(BrpcLimit, AWindowOfFailuresHalves) {
  BrpcLimit law;
  WindowStats stats = window(0, {}, 40, seconds(1));
  stats.dropped = 150;
  EXPECT_EQ(law.update(stats, at(seconds(1))).limit, 20u);
}

TEST(BrpcLimit, MeasuresTheLatencyAnewAfterDraining) {
  BrpcLimit law;
  (void)law.update(window(200, milliseconds(20), 40, milliseconds(100)), at(milliseconds(100)));
  // Within 50 s it must re-measure: 0.9 · q_max · 20 ms with q_max = 2000
  const LimitDecision probe =
      law.update(window(200, milliseconds(40), 40, milliseconds(100)), at(seconds(60)));
  EXPECT_EQ(probe.cause, LimitCause::kProbe);
  EXPECT_EQ(probe.limit, 36u);
  EXPECT_EQ(law.window().duration_max, milliseconds(80));
  EXPECT_EQ(law.update(window(160, milliseconds(40), 36, milliseconds(80)), at(seconds(61))).cause,
            LimitCause::kProbeEnd);
  const LimitDecision anew =
      law.update(window(200, milliseconds(35), 36, milliseconds(100)), at(seconds(62)));
  EXPECT_NEAR(anew.figures[0], 0.035, 1e-9);
}

}  // namespace
}  // namespace weir
