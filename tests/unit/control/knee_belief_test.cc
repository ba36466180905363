#include "weir/control/knee_belief.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "weir/base/rng.h"

namespace weir {
namespace {

double ln(double limit) {
  return std::log(limit);
}

TEST(KneeBelief, StartsWhereItIsTold) {
  KneeBelief belief;
  belief.reset(ln(64), 0.2);
  EXPECT_NEAR(belief.median(), ln(64), 0.02);
  EXPECT_NEAR(belief.deviation(), 0.2, 0.04);
}

TEST(KneeBelief, AResponseInBetweenSaysWhereTheKneeIs) {
  KneeBelief belief;
  belief.reset(ln(100), 0.3);
  // D = 50, H = 200, knee 80: ln(80/50)
  for (int i = 0; i < 5; ++i) belief.observe(ln(50), ln(200), ln(80.0 / 50), 0.05);
  EXPECT_NEAR(belief.median(), ln(80), 0.03);
  EXPECT_LT(belief.deviation(), 0.05);
}

TEST(KneeBelief, NoResponseSaysOnlyThatTheKneeIsBelow) {
  KneeBelief belief;
  belief.reset(ln(100), 0.3);
  belief.observe(ln(90), ln(110), 0, 0.02);
  EXPECT_LT(belief.median(), ln(90));
  EXPECT_GT(belief.deviation(), 0.12) << "as unsure as before about how far below";
}

TEST(KneeBelief, LessThroughputAtMoreSaysThatItDeclines) {
  KneeBelief belief;
  EXPECT_LT(belief.decline(), 0.15) << "most services only queue";
  belief.reset(ln(64), 0.2);
  // Knee 64 and decline 2: from 60 to 90 it is ln(64/60) − 2·ln(90/64), from 90 to 110
  // −2·ln(110/90)
  for (int i = 0; i < 3; ++i) {
    belief.observe(ln(60), ln(90), ln(64.0 / 60) - 2 * ln(90.0 / 64), 0.05);
    belief.observe(ln(90), ln(110), -2 * ln(110.0 / 90), 0.05);
  }
  EXPECT_NEAR(belief.decline(), 2, 0.2);
  EXPECT_NEAR(belief.median(), ln(64), 0.03);
  belief.reset(ln(30), 0.2);
  EXPECT_NEAR(belief.decline(), 2, 0.3) << "another knee, the same service";
}

TEST(KneeBelief, AFullResponseSaysOnlyThatTheKneeIsAbove) {
  KneeBelief belief;
  belief.reset(ln(100), 0.3);
  belief.observe(ln(90), ln(110), ln(110.0 / 90), 0.02);
  EXPECT_GT(belief.median(), ln(108));
  EXPECT_GT(belief.deviation(), 0.12);
}

TEST(KneeBelief, ChangesItsMindWhenTheKneeJumps) {
  KneeBelief belief;
  Rng rng(9);
  belief.reset(ln(21), 0.02);
  for (int i = 0; i < 40; ++i) {
    const double low = belief.median() - 0.1, high = belief.median() + 0.2;
    const double true_response = std::clamp(ln(64) - low, 0.0, high - low);
    belief.observe(low, high, true_response + 0.05 * rng.normal(), 0.05);
    belief.diffuse(1e-4);
  }
  EXPECT_NEAR(belief.median(), ln(64), 0.1);
}

TEST(KneeBelief, DiffusionWidensByTheVarianceItIsGiven) {
  KneeBelief belief;
  belief.reset(ln(64), 0.1);
  for (int i = 0; i < 100; ++i) belief.diffuse(1e-4);
  EXPECT_NEAR(belief.deviation(), std::sqrt(0.01 + 0.01), 0.03);
  EXPECT_NEAR(belief.median(), ln(64), 0.01);
}

}  // namespace
}  // namespace weir
