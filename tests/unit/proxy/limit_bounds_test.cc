#include "proxy/limit_bounds.h"

#include <gtest/gtest.h>

#include "weir/control/registry.h"

namespace weir::proxy {
namespace {

struct BoundedLawTest : testing::Test {
  std::shared_ptr<LimitBounds> bounds = std::make_shared<LimitBounds>(4, 30);
  BoundedLaw law{make_limit("elastic", 1), bounds};
};

TEST_F(BoundedLawTest, IsTheLawItHolds) {
  EXPECT_EQ(law.name(), "elastic");
  EXPECT_LE(law.initial(), 30u);
  EXPECT_GE(law.initial(), 4u);
}

TEST_F(BoundedLawTest, EveryDecisionIsHeldWithinTheBoundsOfNow) {
  WindowStats window;
  window.limit = 30;
  EXPECT_LE(law.update(window, Instant{std::chrono::seconds(1)}).limit, 30u);
  bounds->max = 2;  // below the least: the most counts
  EXPECT_EQ(law.update(window, Instant{std::chrono::seconds(2)}).limit, 2u);
  bounds->max = 500;
  bounds->min = 400;
  EXPECT_GE(law.update(window, Instant{std::chrono::seconds(3)}).limit, 400u);
}

}  // namespace
}  // namespace weir::proxy
