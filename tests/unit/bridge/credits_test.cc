#include "bridge/credits.h"

#include <gtest/gtest.h>

namespace weir::bridge {
namespace {

TEST(Credits, AreReadFromBothForms) {
  EXPECT_EQ(credits_in("TEXT named_metrics.weir_credits=12"), 12u);
  EXPECT_EQ(credits_in("TEXT cpu_utilization=0.3, named_metrics.weir_credits=3.9 , eps=0"), 3u);
  EXPECT_EQ(credits_in(R"(JSON {"cpu_utilization": 1.2, "named_metrics": {"weir_credits": 0}})"),
            0u);
}

TEST(Credits, WhatIsNoneIsNone) {
  for (const char* none :
       {"", "TEXT", "TEXT cpu_utilization=0.3",
        "TEXT named_metrics.weir_credits=", "TEXT named_metrics.weir_credits=-1",
        "TEXT named_metrics.weir_credits=many", "TEXT named_metrics.weir_credits=1e300",
        "TEXT xnamed_metrics.weir_credits=1", "JSON {", "JSON []", "JSON {\"named_metrics\": 3}",
        "JSON {\"named_metrics\": {\"weir_credits\": {}}}", "BIN AAAA",
        "named_metrics.weir_credits=1"})
    EXPECT_EQ(credits_in(none), std::nullopt) << none;
}

TEST(CreditBound, HoldsUntilTheReportIsOld) {
  CreditBound bound;
  const Instant start = Instant{} + std::chrono::seconds(100);
  EXPECT_TRUE(bound.admits(1000, start)) << "nobody said anything";
  bound.granted(2, start);
  EXPECT_TRUE(bound.admits(1, start));
  EXPECT_FALSE(bound.admits(2, start));
  bound.granted(0, start);
  EXPECT_FALSE(bound.admits(0, start));
  EXPECT_TRUE(bound.admits(0, bound.until())) << "asked again";
}

}  // namespace
}  // namespace weir::bridge
