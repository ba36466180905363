#include "weir/control/response_memory.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weir {
namespace {

using std::chrono::seconds;

TEST(ResponseMemory, TheGridIsExactBelowSixteenAndATenthApartAbove) {
  for (uint32_t limit = 1; limit <= 16; ++limit) EXPECT_EQ(ResponseMemory::nearest(limit), limit);
  for (uint32_t limit = 16; limit < 100'000; limit += 7)
    EXPECT_NEAR(ResponseMemory::nearest(limit) / static_cast<double>(limit), 1, 0.07) << limit;
  EXPECT_EQ(ResponseMemory::nearest(0), 1u);
}

TEST(ResponseMemory, StepsNeverStandStillButAtTheEnds) {
  EXPECT_EQ(ResponseMemory::step(1, false), 1u);
  uint32_t limit = 1;
  for (int i = 0; i < 100; ++i) {
    const uint32_t next = ResponseMemory::step(limit, true);
    ASSERT_GT(next, limit);
    ASSERT_EQ(ResponseMemory::step(next, false), limit);
    limit = next;
  }
}

TEST(ResponseMemory, FadesByItsTimeConstantAndKeepsTheRate) {
  ResponseMemory memory({seconds(10)});
  const Instant start{};
  memory.add(20, {1000, 2.0}, start);
  const auto later = memory.at(20, start + seconds(10));
  EXPECT_NEAR(later.finished, 1000 / std::exp(1), 1e-6);
  EXPECT_NEAR(later.rate(), 500, 1e-9);
}

TEST(ResponseMemory, ForgetsEverything) {
  ResponseMemory memory({seconds(10)});
  memory.add(5, {10, 1.0}, Instant{});
  memory.forget();
  EXPECT_EQ(memory.at(5, Instant{}).finished, 0);
}

}  // namespace
}  // namespace weir
