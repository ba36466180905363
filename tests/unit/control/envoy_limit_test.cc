#include "weir/control/envoy_limit.h"

#include <gtest/gtest.h>

#include "unit/control/windows.h"

namespace weir {
namespace {

using std::chrono::seconds;
using testing::at;
using testing::milliseconds;
using testing::window;

EnvoyLimit law_with_baseline_20ms() {
  EnvoyLimit law;
  EXPECT_EQ(law.initial(), 3u);
  const LimitDecision probe_end =
      law.update(window(50, milliseconds(20), 3), at(milliseconds(400)));
  EXPECT_EQ(probe_end.cause, LimitCause::kProbeEnd);
  EXPECT_EQ(probe_end.limit, 3u);
  return law;
}

TEST(EnvoyLimit, TheFirstProbeNeedsFiftySamples) {
  EnvoyLimit law;
  EXPECT_EQ(law.update(window(49, milliseconds(20), 3), at(milliseconds(300))).cause,
            LimitCause::kProbe);
  EXPECT_EQ(law.window().samples_min, 1u);
  EXPECT_EQ(law.update(window(1, milliseconds(20), 3), at(milliseconds(320))).cause,
            LimitCause::kProbeEnd);
}

TEST(EnvoyLimit, GrowsByTheGradientPlusTheRoot) {
  EnvoyLimit law = law_with_baseline_20ms();
  // g = 1.25: 3.75 + √3.75 = 5.69; then 6.25 + 2.5 = 8.75; then 10 + 3.16 = 13.16
  EXPECT_EQ(law.update(window(9, milliseconds(20), 3), at(milliseconds(500))).limit, 5u);
  EXPECT_EQ(law.update(window(9, milliseconds(20), 5), at(milliseconds(600))).limit, 8u);
  EXPECT_EQ(law.update(window(9, milliseconds(20), 8), at(milliseconds(700))).limit, 13u);
}

TEST(EnvoyLimit, TheGradientIsAtLeastAHalf) {
  EnvoyLimit law = law_with_baseline_20ms();
  for (int i = 0; i < 6; ++i)
    (void)law.update(window(9, milliseconds(10), 3), at(milliseconds(500 + 100 * i)));
  const uint32_t before = law.update(window(9, milliseconds(20), 3), at(seconds(2))).limit;
  const LimitDecision cut = law.update(window(9, seconds(1), 3), at(milliseconds(2100)));
  EXPECT_EQ(cut.figures[2], 0.5);
  EXPECT_EQ(cut.limit, static_cast<uint32_t>(before / 2.0 + std::sqrt(before / 2.0)));
}

TEST(EnvoyLimit, ProbesAfterAMinuteAndRestoresTheLimit) {
  EnvoyLimit law = law_with_baseline_20ms();
  const uint32_t before = law.update(window(9, milliseconds(20), 3), at(seconds(30))).limit;
  const LimitDecision probe = law.update(window(9, milliseconds(20), 5), at(seconds(70)));
  EXPECT_EQ(probe.cause, LimitCause::kProbe);
  EXPECT_EQ(probe.limit, 3u);
  EXPECT_EQ(probe.sample_from, at(seconds(70)));
  const LimitDecision end = law.update(window(50, milliseconds(30), 3), at(seconds(71)));
  EXPECT_EQ(end.limit, before);
  EXPECT_NEAR(end.figures[0], 0.030, 0.0004);
}

TEST(EnvoyLimit, FiveWindowsAtTheFloorForceAProbe) {
  EnvoyLimit law = law_with_baseline_20ms();
  // g = 0.5: 1.5 + 1.22 = 2.72, clamped to 3: the floor each time
  for (int i = 0; i < 4; ++i)
    EXPECT_NE(law.update(window(9, seconds(1), 3), at(seconds(1 + i))).cause, LimitCause::kProbe);
  EXPECT_EQ(law.update(window(9, seconds(1), 3), at(seconds(6))).cause, LimitCause::kProbe);
}

}  // namespace
}  // namespace weir
