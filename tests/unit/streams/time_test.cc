// retry_when, timeout and throttle: operators with a clock, which is the test's own.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "unit/streams/probe.h"
#include "unit/streams/recorder.h"
#include "weir/policy/retry_budget.h"
#include "weir/streams/concat_map.h"
#include "weir/streams/retry_when.h"
#include "weir/streams/source.h"
#include "weir/streams/throttle.h"
#include "weir/streams/timeout.h"
#include "weir/streams/virtual_scheduler.h"

namespace weir::streams {
namespace {

using std::chrono::milliseconds;
using Ints = std::vector<int>;

const StreamError kBroken = StreamError::of(std::string("broken"));

TEST(RetryWhen, SubscribesAgainAndAsksForWhatIsStillOwed) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto flow = probe.flow() | retry_when(scheduler, [](const StreamError&, uint32_t retries) {
                return retries < 2 ? std::optional(Duration(milliseconds(10))) : std::nullopt;
              });
  auto seen = record(flow, 5);
  EXPECT_EQ(probe.requested(), 5u);
  probe.next(1);
  probe.next(2);
  probe.error(kBroken);
  EXPECT_EQ(probe.subscriptions(), 1);
  seen->up->request(1);
  scheduler.advance(milliseconds(10));
  EXPECT_EQ(probe.subscriptions(), 2);
  EXPECT_EQ(probe.requested(), 4u);
  probe.next(3);
  probe.error(kBroken);
  scheduler.advance(milliseconds(10));
  EXPECT_EQ(probe.requested(), 3u);
  probe.error(kBroken);
  EXPECT_EQ(seen->error, kBroken);
  EXPECT_EQ(seen->items, (Ints{1, 2, 3}));
}

TEST(RetryWhen, RetryingAtOnceDoesNotRecurse) {
  VirtualScheduler scheduler;
  auto seen = record(fail<int>(kBroken) | retry_when(scheduler, [](const auto&, uint32_t retries) {
                       return retries < 100'000 ? std::optional(Duration(0)) : std::nullopt;
                     }));
  EXPECT_EQ(seen->error, kBroken);
}

TEST(RetryWhen, TheBudgetPaysForRetriesAndItsEmptinessEndsThem) {
  VirtualScheduler scheduler;
  RetryBudget budget({.ratio = 0.2, .min_rate = 0, .tokens_max = 2}, scheduler.now());
  Probe<int> probe;
  auto seen = record(probe.flow() | retry_when(scheduler, budget, {.retries_max = 100}));
  for (int i = 0; i < 2; ++i) {
    probe.error(kBroken);
    EXPECT_FALSE(seen->error);
    scheduler.advance(milliseconds(300));
  }
  EXPECT_EQ(probe.subscriptions(), 3);
  probe.error(kBroken);
  EXPECT_EQ(seen->error, kBroken);
}

TEST(RetryWhen, ACancelDuringTheBackOffEndsIt) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(probe.flow() | retry_when(scheduler, [](const auto&, uint32_t) {
                       return std::optional(Duration(milliseconds(10)));
                     }));
  probe.error(kBroken);
  seen->up->cancel();
  scheduler.advance(milliseconds(20));
  EXPECT_EQ(probe.subscriptions(), 1);
  EXPECT_FALSE(seen->error);
}

TEST(Timeout, EndsAnUpstreamThatOwesAnItemForTooLong) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(probe.flow() | timeout(scheduler, milliseconds(80)));
  scheduler.advance(milliseconds(60));
  probe.next(1);
  scheduler.advance(milliseconds(79));
  EXPECT_FALSE(seen->error);
  scheduler.advance(milliseconds(12));
  EXPECT_TRUE(seen->error.is(StreamFault::kTimeout));
  EXPECT_TRUE(probe.cancelled());
  probe.next(2);
  EXPECT_EQ(seen->items, (Ints{1}));
}

TEST(Timeout, TimeWithoutDemandDoesNotCount) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(probe.flow() | timeout(scheduler, milliseconds(80)), 1);
  probe.next(1);
  scheduler.advance(milliseconds(1000));
  EXPECT_FALSE(seen->error);
  seen->up->request(1);
  scheduler.advance(milliseconds(100));
  EXPECT_TRUE(seen->error.is(StreamFault::kTimeout));
}

TEST(Timeout, LeavesNoTimerBehind) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(probe.flow() | timeout(scheduler, milliseconds(80)));
  probe.complete();
  scheduler.advance(milliseconds(20));
  EXPECT_TRUE(seen->completed);
  EXPECT_EQ(scheduler.next_timer(), kInstantMax);

  auto cancelled = record_only(probe.flow() | timeout(scheduler, std::chrono::hours(1)));
  const std::weak_ptr<Recorder<int>> weak = cancelled;
  std::exchange(cancelled->up, nullptr)->cancel();
  probe.forget();
  cancelled.reset();
  EXPECT_TRUE(weak.expired());
}

TEST(Throttle, AsksForSoManyInSoMuchTime) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(probe.flow() |
                     throttle(scheduler, {.items = 10, .per = milliseconds(100), .burst = 3}));
  EXPECT_EQ(probe.requested(), 3u);
  scheduler.advance(milliseconds(9));
  EXPECT_EQ(probe.requested(), 3u);
  scheduler.advance(milliseconds(1));
  EXPECT_EQ(probe.requested(), 4u);
  scheduler.advance(milliseconds(100));
  EXPECT_EQ(probe.requested(), 14u);
  seen->up->cancel();
}

TEST(Throttle, APauseSavesUpABurstAndNoMore) {
  VirtualScheduler scheduler;
  Probe<int> probe;
  auto seen = record(
      probe.flow() | throttle(scheduler, {.items = 10, .per = milliseconds(100), .burst = 3}), 3);
  scheduler.advance(milliseconds(1000));
  seen->up->request(100);
  EXPECT_EQ(probe.requested(), 6u);
}

}  // namespace
}  // namespace weir::streams
