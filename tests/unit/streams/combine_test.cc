// flat_map, concat_map, concat, merge, group_by_key, multicast and share: many flows at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <map>
#include <string>

#include "unit/streams/probe.h"
#include "unit/streams/recorder.h"
#include "weir/exec/thread_pool.h"
#include "weir/streams/concat_map.h"
#include "weir/streams/for_each.h"
#include "weir/streams/group_by_key.h"
#include "weir/streams/map.h"
#include "weir/streams/merge.h"
#include "weir/streams/publish_on.h"
#include "weir/streams/share.h"
#include "weir/streams/source.h"
#include "weir/streams/subscribe_on.h"
#include "weir/streams/take.h"

namespace weir::streams {
namespace {

using Ints = std::vector<int>;

Ints sorted(Ints items) {
  std::sort(items.begin(), items.end());
  return items;
}

TEST(FlatMap, MergesAllItemsOfAllInnerFlows) {
  auto seen = record(range(0, 10) | flat_map([](int x) { return range(x * 10, x * 10 + 10); },
                                             {.concurrency = 3, .prefetch = 2}));
  Ints all(100);
  for (int i = 0; i < 100; ++i) all[static_cast<size_t>(i)] = i;
  EXPECT_EQ(sorted(seen->items), all);
  EXPECT_TRUE(seen->completed);
}

TEST(FlatMap, HoldsToItsConcurrencyAndPrefetch) {
  Probe<int> outer;
  std::vector<Probe<int>> inners(5);
  auto seen =
      record(outer.flow() | flat_map([&](int x) { return inners[static_cast<size_t>(x)].flow(); },
                                     {.concurrency = 2, .prefetch = 4}));
  EXPECT_EQ(outer.requested(), 2u);
  outer.next(0);
  outer.next(1);
  EXPECT_EQ(inners[0].requested(), 4u);
  inners[0].complete();
  EXPECT_EQ(outer.requested(), 3u);
}

TEST(FlatMap, EmitsWhatIsRequestedAndNoMore) {
  auto seen = record(range(0, 100) | flat_map([](int x) { return range(x, x + 3); }), 7);
  EXPECT_EQ(seen->items.size(), 7u);
  for (int i = 0; i < 500; ++i) seen->up->request(1);
  EXPECT_EQ(seen->items.size(), 300u);
  EXPECT_TRUE(seen->completed);
}

TEST(FlatMap, AnInnerErrorComesAfterItsItemsAndCancelsTheOthers) {
  Probe<int> outer, a, b;
  auto seen = record(outer.flow() | flat_map([&](int x) { return (x == 0 ? a : b).flow(); }), 1);
  outer.next(0);
  outer.next(1);
  const auto reason = StreamError::of(std::string("inner"));
  a.next(1);
  a.next(2);
  a.error(reason);
  EXPECT_FALSE(seen->error);
  seen->up->request(1);
  EXPECT_EQ(seen->items, (Ints{1, 2}));
  EXPECT_EQ(seen->error, reason);
  EXPECT_TRUE(b.cancelled());
  EXPECT_TRUE(outer.cancelled());
}

TEST(FlatMap, CancelReachesEveryFlow) {
  Probe<int> outer, inner;
  auto seen = record(outer.flow() | flat_map([&](int) { return inner.flow(); }));
  outer.next(0);
  seen->up->cancel();
  EXPECT_TRUE(outer.cancelled());
  EXPECT_TRUE(inner.cancelled());
}

TEST(FlatMap, KeepsEveryItemWhenInnerFlowsRunOnThreads) {
  exec::ThreadPool pool({.threads = 3});
  std::latch done(1);
  int64_t sum = 0;
  int count = 0;
  range(0, 200) |
      flat_map([&pool](int x) { return range(x * 100, x * 100 + 100) | subscribe_on(pool); },
               {.concurrency = 8, .prefetch = 16}) |
      for_each(
          [&](int x) noexcept {
            sum += x;
            ++count;
          },
          [&](const auto&) noexcept { done.count_down(); }, 64);
  done.wait();
  EXPECT_EQ(count, 20'000);
  EXPECT_EQ(sum, int64_t{20'000} * 19'999 / 2);
}

TEST(ConcatMap, KeepsTheOrderOfItems) {
  auto seen = record(range(0, 4) | concat_map([](int x) { return range(x * 10, x * 10 + x); }, 2));
  EXPECT_EQ(seen->items, (Ints{10, 20, 21, 30, 31, 32}));
  EXPECT_TRUE(seen->completed);
}

TEST(Concat, SubscribesToTheNextFlowAfterTheLastOneHasCompleted) {
  Probe<int> a, b;
  auto seen = record(concat(a.flow(), b.flow()));
  EXPECT_EQ(b.subscriptions(), 0);
  a.next(1);
  a.complete();
  EXPECT_EQ(b.subscriptions(), 1);
  b.next(2);
  b.complete();
  EXPECT_EQ(seen->items, (Ints{1, 2}));
  EXPECT_TRUE(seen->completed);
}

TEST(Merge, TakesItemsAsTheyCome) {
  Probe<int> a, b;
  auto seen = record(merge(a.flow(), b.flow()));
  b.next(1);
  a.next(2);
  b.next(3);
  a.complete();
  EXPECT_FALSE(seen->completed);
  b.complete();
  EXPECT_EQ(seen->items, (Ints{1, 2, 3}));
  EXPECT_TRUE(seen->completed);
}

TEST(GroupByKey, SplitsByKeyAndKeepsTheOrderWithinAKey) {
  auto flow = range(0, 1000) | group_by_key([](int x) { return x % 7; }) |
              flat_map(
                  [](Group<int, int> group) {
                    return std::move(group.items) |
                           map([key = group.key](int x) { return std::pair(key, x); });
                  },
                  {.concurrency = 7});
  auto seen = record(flow);
  std::map<int, Ints> groups;
  for (const auto& [key, x] : seen->items) groups[key].push_back(x);
  ASSERT_EQ(groups.size(), 7u);
  for (const auto& [key, items] : groups) {
    EXPECT_TRUE(std::is_sorted(items.begin(), items.end()));
    for (int x : items) EXPECT_EQ(x % 7, key);
  }
  EXPECT_EQ(seen->items.size(), 1000u);
  EXPECT_TRUE(seen->completed);
}

TEST(GroupByKey, OneKeyTooManyEndsEverythingWithAnError) {
  std::vector<Group<int, int>> groups;
  std::optional<StreamError> end;
  range(0, 10) | group_by_key([](int x) { return x; }, {.groups_max = 3}) |
      for_each([&](Group<int, int> g) { groups.push_back(std::move(g)); },
               [&](const auto& error) { end = error; });
  EXPECT_EQ(groups.size(), 3u);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->is(StreamFault::kTooManyGroups));
}

TEST(GroupByKey, ACancelledGroupBeginsAnewWithTheNextItemOfItsKey) {
  Probe<int> probe;
  std::vector<Ints> groups;
  probe.flow() | group_by_key([](int) { return 0; }) | for_each([&](const Group<int, int>& group) {
    groups.emplace_back();
    const size_t index = groups.size() - 1;
    group.items | take(2) | for_each([&groups, index](int x) { groups[index].push_back(x); });
  });
  for (int i = 0; i < 9; ++i) probe.next(i);
  ASSERT_EQ(groups.size(), 5u);
  EXPECT_EQ(groups[0], (Ints{0, 1}));
  EXPECT_EQ(groups[4], (Ints{8}));
  probe.complete();
}

TEST(GroupByKey, GroupsThatNobodyReadsAreSkippedAndDoNotStallTheOthers) {
  Ints odd;
  bool ended = false;
  range(0, 10'000) | group_by_key([](int x) { return x % 2; }, {.prefetch = 8}) |
      for_each(
          [&](const Group<int, int>& group) {
            if (group.key == 1) group.items | for_each([&](int x) { odd.push_back(x); });
          },
          [&](const auto&) { ended = true; });
  EXPECT_EQ(odd.size(), 5'000u);
  EXPECT_TRUE(ended);
}

TEST(Multicast, TheFastestIsAheadOfTheSlowestByTheBufferAtMost) {
  auto flow = range(0, 100) | multicast({.items = 4});
  auto fast = record(flow);
  // The first subscriber had everything before the second came; so ask with two from the start.
  Probe<int> probe;
  auto shared = probe.flow() | multicast({.items = 4});
  auto quick = record(shared);
  auto slow = record(shared, 0);
  for (int i = 0; i < 4; ++i) probe.next(i);
  EXPECT_EQ(quick->items, (Ints{0, 1, 2, 3}));
  EXPECT_EQ(probe.requested(), 4u);
  slow->up->request(3);
  EXPECT_EQ(probe.requested(), 7u);
  slow->up->cancel();
  EXPECT_EQ(fast->items.size(), 100u);
}

TEST(Multicast, ALeavingSubscriberNoLongerHoldsTheOthersBack) {
  Probe<int> probe;
  auto shared = probe.flow() | multicast({.items = 2});
  auto quick = record(shared);
  auto slow = record(shared, 0);
  probe.next(0);
  probe.next(1);
  EXPECT_EQ(probe.requested(), 2u);
  slow->up->cancel();
  EXPECT_EQ(probe.requested(), 4u);
}

TEST(Share, SubscribesOnceAndCancelsWithTheLast) {
  Probe<int> probe;
  auto shared = probe.flow() | share();
  EXPECT_EQ(probe.subscriptions(), 0);
  auto a = record(shared);
  auto b = record(shared);
  EXPECT_EQ(probe.subscriptions(), 1);
  probe.next(5);
  EXPECT_EQ(a->items, b->items);
  a->up->cancel();
  EXPECT_FALSE(probe.cancelled());
  b->up->cancel();
  EXPECT_TRUE(probe.cancelled());
  auto c = record(shared);
  EXPECT_EQ(probe.subscriptions(), 2);
  probe.next(6);
  EXPECT_EQ(c->items, (Ints{6}));
}

}  // namespace
}  // namespace weir::streams
