// publish_on, subscribe_on, limit_rate and on_backpressure_*: where demand meets a buffer.
#include <gtest/gtest.h>

#include <latch>
#include <string>

#include "unit/streams/probe.h"
#include "unit/streams/recorder.h"
#include "weir/exec/thread_pool.h"
#include "weir/streams/filter.h"
#include "weir/streams/for_each.h"
#include "weir/streams/limit_rate.h"
#include "weir/streams/map.h"
#include "weir/streams/on_backpressure.h"
#include "weir/streams/publish_on.h"
#include "weir/streams/source.h"
#include "weir/streams/subscribe_on.h"
#include "weir/streams/virtual_scheduler.h"

namespace weir::streams {
namespace {

using Ints = std::vector<int>;

TEST(PublishOn, DeliversOnTheWorkerOnly) {
  VirtualScheduler scheduler;
  auto seen = record(range(0, 10) | publish_on(scheduler, {.items = 4}));
  EXPECT_TRUE(seen->items.empty());
  scheduler.run();
  EXPECT_EQ(seen->items, (Ints{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_TRUE(seen->completed);
}

TEST(PublishOn, PrefetchesItsBufferAndAsksAgainAtThreeQuarters) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(probe.flow() | publish_on(scheduler, {.items = 8}), 0);
  EXPECT_EQ(probe.requested(), 8u);
  for (int i = 0; i < 8; ++i) probe.next(i);
  seen->up->request(5);
  scheduler.run();
  EXPECT_EQ(probe.requested(), 8u);
  seen->up->request(1);
  scheduler.run();
  EXPECT_EQ(probe.requested(), 14u);
}

TEST(PublishOn, AnErrorDoesNotOvertakeItems) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(probe.flow() | publish_on(scheduler, {.items = 8}), 1);
  const auto reason = StreamError::of(std::string("broken"));
  probe.next(1);
  probe.next(2);
  probe.error(reason);
  scheduler.run();
  EXPECT_EQ(seen->items, (Ints{1}));
  EXPECT_FALSE(seen->error);
  seen->up->request(1);
  scheduler.run();
  EXPECT_EQ(seen->items, (Ints{1, 2}));
  EXPECT_EQ(seen->error, reason);
}

TEST(PublishOn, MoreThanRequestedIsAnOverflow) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(probe.flow() | publish_on(scheduler, {.items = 2}), 0);
  for (int i = 0; i < 3; ++i) probe.next(i);
  EXPECT_TRUE(probe.cancelled());
  seen->up->request(10);
  scheduler.run();
  EXPECT_EQ(seen->items, (Ints{0, 1}));
  EXPECT_TRUE(seen->error.is(StreamFault::kOverflow));
}

TEST(PublishOn, ACancelLetsGoWithoutWaitingForTheWorker) {
  VirtualScheduler scheduler;
  auto seen = record_only(range(0, 10) | publish_on(scheduler, {.items = 4}), 1);
  scheduler.run();
  const std::weak_ptr<Recorder<int>> weak = seen;
  std::exchange(seen->up, nullptr)->cancel();
  seen.reset();
  EXPECT_TRUE(weak.expired());
}

TEST(PublishOn, BoundsBytesToTheBoundAndOneItem) {
  VirtualScheduler scheduler;
  uint64_t made = 0;
  auto source = generate([&made]() -> std::optional<std::string> {
    return std::string(100, static_cast<char>('a' + made++ % 26));
  });
  auto seen = record(source | publish_on(scheduler, {.items = 1000, .bytes = 1000}), 0);
  scheduler.run();
  EXPECT_EQ(made, 10u);  // 10 × 100 bytes reach the bound
  seen->up->request(3);
  scheduler.run();
  EXPECT_EQ(seen->items.size(), 3u);
  EXPECT_EQ(made, 13u);
  seen->up->cancel();
}

TEST(PublishOn, KeepsOrderAndCountAcrossThreadsAtEveryBufferSize) {
  exec::ThreadPool pool({.threads = 2});
  for (const uint64_t items : {1u, 2u, 3u, 64u, 1000u}) {
    constexpr int kCount = 20'000;
    std::latch done(1);
    int expected = 0;
    bool ordered = true;
    range(0, kCount) | subscribe_on(pool) | publish_on(pool, {.items = items}) |
        for_each(
            [&](int x) noexcept {
              ordered &= x == expected;
              ++expected;
            },
            [&](const auto&) noexcept { done.count_down(); }, items);
    done.wait();
    EXPECT_TRUE(ordered);
    EXPECT_EQ(expected, kCount);
  }
}

TEST(SubscribeOn, SubscribesAndAsksOnTheWorker) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(probe.flow() | subscribe_on(scheduler), 3);
  EXPECT_EQ(probe.subscriptions(), 0);
  scheduler.run();
  EXPECT_EQ(probe.subscriptions(), 1);
  EXPECT_EQ(probe.requested(), 3u);
  seen->up->request(2);
  EXPECT_EQ(probe.requested(), 3u);
  scheduler.run();
  EXPECT_EQ(probe.requested(), 5u);
}

TEST(SubscribeOn, ACancelBeforeTheSubscriptionArrivesReachesIt) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(probe.flow() | subscribe_on(scheduler), 3);
  seen->up->cancel();
  scheduler.run();
  EXPECT_TRUE(probe.cancelled());
}

TEST(LimitRate, NeverHasMoreOnTheWayThanItsLimit) {
  Probe<int> probe;
  auto seen = record(probe.flow() | limit_rate(8));
  EXPECT_EQ(probe.requested(), 8u);
  for (int i = 0; i < 5; ++i) probe.next(i);
  EXPECT_EQ(probe.requested(), 8u);
  probe.next(5);
  EXPECT_EQ(probe.requested(), 14u);
}

TEST(LimitRate, OneAtATimeNeverStalls) {
  auto seen = record(range(0, 1000) | limit_rate(8), 0);
  for (int i = 0; i < 1000; ++i) seen->up->request(1);
  EXPECT_EQ(seen->items.size(), 1000u);
  EXPECT_TRUE(seen->completed);
}

TEST(LimitRate, ReplacesItemsThatAFilterBehindItDrops) {
  auto seen = record(range(0, 1000) | limit_rate(8) | filter([](int x) { return x % 10 == 0; }), 5);
  EXPECT_EQ(seen->items, (Ints{0, 10, 20, 30, 40}));
}

TEST(OnBackpressure, BufferKeepsUpToItsBoundAndThenFails) {
  Probe<int> probe;
  auto seen = record(probe.flow() | on_backpressure_buffer({.items = 3}), 1);
  EXPECT_EQ(probe.requested(), kUnbounded);
  for (int i = 0; i < 4; ++i) probe.next(i);
  EXPECT_EQ(seen->items, (Ints{0}));
  EXPECT_FALSE(probe.cancelled());
  probe.next(4);
  EXPECT_TRUE(probe.cancelled());
  seen->up->request(10);
  EXPECT_EQ(seen->items, (Ints{0, 1, 2, 3}));
  EXPECT_TRUE(seen->error.is(StreamFault::kOverflow));
}

TEST(OnBackpressure, BufferMayDropTheNewest) {
  Probe<int> probe;
  auto seen = record(
      probe.flow() | on_backpressure_buffer({.items = 2, .overflow = Overflow::kDropNewest}), 0);
  for (int i = 0; i < 5; ++i) probe.next(i);
  seen->up->request(10);
  probe.next(5);
  EXPECT_EQ(seen->items, (Ints{0, 1, 5}));
}

TEST(OnBackpressure, BufferCountsBytes) {
  Probe<std::string> probe;
  auto seen = record(probe.flow() | on_backpressure_buffer({.items = 100, .bytes = 10}), 0);
  probe.next("12345678");
  probe.next("12345678");
  EXPECT_FALSE(probe.cancelled());
  probe.next("1");
  EXPECT_TRUE(probe.cancelled());
}

TEST(OnBackpressure, DropDropsWhatNobodyAskedForAndTells) {
  Probe<int> probe;
  Ints dropped;
  auto seen = record(probe.flow() | on_backpressure_drop([&](int x) { dropped.push_back(x); }), 2);
  for (int i = 0; i < 4; ++i) probe.next(i);
  seen->up->request(1);
  probe.next(4);
  EXPECT_EQ(seen->items, (Ints{0, 1, 4}));
  EXPECT_EQ(dropped, (Ints{2, 3}));
}

TEST(OnBackpressure, LatestKeepsTheNewest) {
  Probe<int> probe;
  auto seen = record(probe.flow() | on_backpressure_latest(), 1);
  for (int i = 0; i < 4; ++i) probe.next(i);
  EXPECT_EQ(seen->items, (Ints{0}));
  seen->up->request(1);
  EXPECT_EQ(seen->items, (Ints{0, 3}));
  probe.next(9);
  probe.complete();
  EXPECT_FALSE(seen->completed);
  seen->up->request(1);
  EXPECT_EQ(seen->items, (Ints{0, 3, 9}));
  EXPECT_TRUE(seen->completed);
}

TEST(OnBackpressure, LatestOfAReadyConsumerIsEverything) {
  auto seen = record(range(0, 100) | on_backpressure_latest());
  EXPECT_EQ(seen->items.size(), 100u);
  EXPECT_TRUE(seen->completed);
}

TEST(OnBackpressure, ErrorEndsAtTheFirstItemTooMany) {
  Probe<int> probe;
  auto seen = record(probe.flow() | on_backpressure_error(), 1);
  probe.next(0);
  EXPECT_FALSE(seen->error);
  probe.next(1);
  EXPECT_TRUE(seen->error.is(StreamFault::kOverflow));
  EXPECT_TRUE(probe.cancelled());
}

TEST(OnBackpressure, BlockWaitsForDemandOnTheSourcesThread) {
  exec::ThreadPool pool({.threads = 1});
  auto recorder = std::make_shared<Recorder<int>>(0);
  std::latch first(1), all(1);
  recorder->on_item = [&](int x) {
    if (x == 0) first.count_down();
    if (x == 99) all.count_down();
  };
  (range(0, 100) | subscribe_on(pool) | on_backpressure_block()).subscribe(recorder);
  recorder->up->request(1);
  first.wait();
  for (int i = 1; i < 100; ++i) recorder->up->request(1);
  all.wait();
  EXPECT_EQ(recorder->items.size(), 100u);
}

}  // namespace
}  // namespace weir::streams
