#include "lab/fault_plan.h"

#include <gtest/gtest.h>

namespace weir::lab {
namespace {

using std::chrono::seconds;

TEST(FaultPlan, EffectsHoldFromTheirBeginUntilTheirEnd) {
  FaultPlan plan;
  ASSERT_TRUE(plan.add_slow("10x@20s..40s"));
  ASSERT_TRUE(plan.add_fail("50%@30s..35s"));
  ASSERT_TRUE(plan.add_lost("6@50s"));
  EXPECT_EQ(plan.at(seconds(19)), Health{});
  EXPECT_EQ(plan.at(seconds(20)), (Health{.slow_factor = 10}));
  EXPECT_EQ(plan.at(seconds(30)), (Health{.slow_factor = 10, .failure_ratio = 0.5}));
  EXPECT_EQ(plan.at(seconds(35)), (Health{.slow_factor = 10}));
  EXPECT_EQ(plan.at(seconds(40)), Health{});
  EXPECT_EQ(plan.at(seconds(5000)), (Health{.workers_lost = 6}));
}

TEST(FaultPlan, OverlapsCombine) {
  FaultPlan plan;
  ASSERT_TRUE(plan.add_slow("2x@0s..10s"));
  ASSERT_TRUE(plan.add_slow("3x@5s..10s"));
  ASSERT_TRUE(plan.add_fail("80%@0s"));
  ASSERT_TRUE(plan.add_fail("80%@0s"));
  EXPECT_DOUBLE_EQ(plan.at(seconds(5)).slow_factor, 6);
  EXPECT_DOUBLE_EQ(plan.at(seconds(5)).failure_ratio, 1);
}

TEST(FaultPlan, NextChangeNamesEveryEdge) {
  FaultPlan plan;
  ASSERT_TRUE(plan.add_slow("10x@20s..40s"));
  EXPECT_EQ(plan.next_change(seconds(0)), seconds(20));
  EXPECT_EQ(plan.next_change(seconds(20)), seconds(40));
  EXPECT_EQ(plan.next_change(seconds(40)), Duration::max());
}

TEST(FaultPlan, BadTextsAreUsageErrors) {
  FaultPlan plan;
  for (const char* bad : {"", "10x", "10@1s..2s", "10x@", "10x@2s..1s", "10x@1s..1s", "x@1s..2s"}) {
    EXPECT_FALSE(plan.add_slow(bad)) << bad;
  }
  EXPECT_FALSE(plan.add_lost("six@1s"));
  EXPECT_EQ(plan.at(seconds(1)), Health{});
}

TEST(FaultPlan, TheNumberOfFaultsIsBounded) {
  FaultPlan plan;
  for (size_t i = 0; i < FaultPlan::kFaultsMax; ++i) ASSERT_TRUE(plan.add_slow("2x@1s..2s"));
  EXPECT_FALSE(plan.add_slow("2x@1s..2s"));
}

}  // namespace
}  // namespace weir::lab
