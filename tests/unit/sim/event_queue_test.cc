#include "sim/event_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "weir/base/rng.h"

namespace weir::sim {
namespace {

TEST(EventQueue, ComesOutByTimeAndThenByOrderOfScheduling) {
  EventQueue queue;
  Rng rng(3);
  std::vector<std::pair<int64_t, uint32_t>> expected;
  for (uint32_t i = 0; i < 20'000; ++i) {
    const auto at = static_cast<int64_t>(rng.below(500));  // many ties
    queue.push(Instant(Duration(at)), EventKind::kFinish, i);
    expected.emplace_back(at, i);
  }
  std::stable_sort(expected.begin(), expected.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [at, target] : expected) {
    const Event event = queue.pop();
    ASSERT_EQ(event.at_ns, at);
    ASSERT_EQ(event.target, target);
  }
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, StaysSortedWhenPushesAndPopsMix) {
  EventQueue queue;
  Rng rng(5);
  int64_t now = 0;
  for (int i = 0; i < 100; ++i) queue.push(Instant(Duration(i)), EventKind::kTick, 0);
  for (int i = 0; i < 50'000; ++i) {
    const Event event = queue.pop();
    ASSERT_GE(event.at_ns, now);
    now = event.at_ns;
    queue.push(Instant(Duration(now + static_cast<int64_t>(rng.below(1000)))), EventKind::kTick, 0);
  }
}

TEST(EventQueue, LanesKeepTheOrderOfOneHeapAndLoseOnlyWhatIsStale) {
  EventQueue queue;
  EventQueue reference;
  Rng rng(7);
  const uint16_t lanes[] = {queue.add_lane(), queue.add_lane()};
  const auto is_stale = [](const Event& event) { return event.generation % 3 == 0; };
  int64_t now = 0;
  for (uint32_t i = 0; i < 20'000; ++i) {
    const size_t lane = rng.below(2);
    const auto at = Instant(Duration(now + (lane == 0 ? 50 : 1000)));
    queue.push_to_lane(lanes[lane], at, EventKind::kTimeout, i, i);
    reference.push(at, EventKind::kTimeout, i, i);
    if (rng.below(4) != 0) continue;
    Event got = queue.pop(is_stale);
    while (is_stale(got)) got = queue.pop(is_stale);  // it was the first of its lane already
    Event expected = reference.pop();
    while (is_stale(expected)) expected = reference.pop();
    ASSERT_EQ(got.target, expected.target);
    now = got.at_ns;
  }
}

}  // namespace
}  // namespace weir::sim
