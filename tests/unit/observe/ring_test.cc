#include "observe/ring.h"

#include <gtest/gtest.h>

#include <thread>

#include "observe/event.h"
#include "observe/sampler.h"

namespace weir::observe {
namespace {

using std::chrono::milliseconds;

struct Pair {
  uint64_t left = 0;
  uint64_t right = 0;
  uint32_t odd_size = 0;
};

TEST(Ring, GivesTheNewestInOrderAndForgetsTheOldest) {
  Ring<Pair, 4> ring;
  EXPECT_TRUE(ring.read().empty());
  for (uint64_t i = 0; i < 6; ++i) ring.put({i, i, 7});
  const auto entries = ring.read();
  ASSERT_EQ(entries.size(), 4u);
  for (uint64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(entries[i].number, i + 2);
    EXPECT_EQ(entries[i].record.left, i + 2);
    EXPECT_EQ(entries[i].record.odd_size, 7u);
  }
  EXPECT_EQ(ring.count(), 6u);
}

TEST(Ring, ContinuesFromTheNumberThatAReaderKnows) {
  Ring<Pair, 4> ring;
  for (uint64_t i = 0; i < 6; ++i) ring.put({i, i, 0});
  EXPECT_EQ(ring.read(5).size(), 1u);
  EXPECT_EQ(ring.read(6).size(), 0u);
}

// Four threads write as fast as they can into very few slots while one reads: no record may be
// torn, and every one is either counted as put or as dropped.
TEST(Ring, NeverShowsATornRecord) {
  Ring<Pair, 2> ring;
  constexpr uint64_t kRounds = 20'000;
  std::vector<std::thread> writers;
  for (uint64_t writer = 0; writer < 4; ++writer)
    writers.emplace_back([&ring, writer] {
      for (uint64_t i = 0; i < kRounds; ++i) ring.put({writer << 32 | i, writer << 32 | i, 0});
    });
  uint64_t torn = 0;
  while (ring.count() < 4 * kRounds)
    for (const auto& entry : ring.read()) torn += entry.record.left != entry.record.right;
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(torn, 0u);
  EXPECT_EQ(ring.count(), 4 * kRounds);
}

TEST(ControlEvent, CutsLongNamesInsteadOfAllocating) {
  const std::string name(100, 'x');
  EXPECT_EQ(ShortName(name).view(), std::string(47, 'x'));
  EXPECT_EQ(ShortName("orders").view(), "orders");
}

TEST(Sampler, LetsOneThroughEachIntervalAndCountsTheRest) {
  Sampler sampler(milliseconds(1000));
  const Instant start{};
  EXPECT_EQ(sampler.take(start), 0u);
  for (int i = 1; i <= 9; ++i) EXPECT_FALSE(sampler.take(start + milliseconds(100 * i)));
  EXPECT_EQ(sampler.take(start + milliseconds(1000)), 9u);
  EXPECT_EQ(sampler.take(start + milliseconds(5000)), 0u);
}

TEST(Sampler, TellsTheEndOfABurstWhenNothingFollows) {
  Sampler sampler(milliseconds(1000));
  EXPECT_TRUE(sampler.take(Instant{}));
  EXPECT_FALSE(sampler.flush(Instant{} + milliseconds(2000)));
  EXPECT_TRUE(sampler.take(Instant{} + milliseconds(2000)));
  EXPECT_FALSE(sampler.take(Instant{} + milliseconds(2001)));
  EXPECT_FALSE(sampler.flush(Instant{} + milliseconds(2500)));
  EXPECT_EQ(sampler.flush(Instant{} + milliseconds(3000)), 1u);
}

}  // namespace
}  // namespace weir::observe
