#include "proxy/health_state.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

HealthOptions options() {
  HealthOptions options;
  options.unhealthy_after = 3;
  options.healthy_after = 2;
  return options;
}

TEST(HealthState, SeveralInARowChangeTheVerdict) {
  HealthState state;
  EXPECT_TRUE(state.healthy());
  EXPECT_FALSE(state.observe(false, options()));
  EXPECT_FALSE(state.observe(false, options()));
  EXPECT_TRUE(state.healthy());
  EXPECT_TRUE(state.observe(false, options()));
  EXPECT_FALSE(state.healthy());
  EXPECT_FALSE(state.observe(true, options()));
  EXPECT_TRUE(state.observe(true, options()));
  EXPECT_TRUE(state.healthy());
}

TEST(HealthState, OneGoodResultForgivesTheBadOnesBefore) {
  HealthState state;
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(state.observe(false, options()));
    EXPECT_FALSE(state.observe(false, options()));
    EXPECT_FALSE(state.observe(true, options()));
  }
  EXPECT_TRUE(state.healthy());
}

TEST(HealthBoard, TellsWhoIsIllAndThatSomethingChanged) {
  HealthBoard board(3);
  const uint32_t before = board.version();
  EXPECT_EQ(board.ill_count(), 0U);
  board.set(1, false);
  EXPECT_NE(board.version(), before);
  EXPECT_FALSE(board.healthy(1));
  EXPECT_TRUE(board.healthy(2));
  EXPECT_EQ(board.ill_count(), 1U);
}

}  // namespace
}  // namespace weir::proxy
