// Streams on a real event loop. Its clock stands still until the test moves it.
#include "loop/loop_scheduler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "unit/streams/probe.h"
#include "unit/streams/recorder.h"
#include "weir/streams/for_each.h"
#include "weir/streams/publish_on.h"
#include "weir/streams/retry_when.h"
#include "weir/streams/source.h"
#include "weir/streams/subscribe_on.h"
#include "weir/streams/throttle.h"
#include "weir/streams/timeout.h"

namespace weir::loop {
namespace {

using std::chrono::milliseconds;
using streams::Probe;
using streams::record;

struct ManualClock final : net::Clock {
  Instant now() const noexcept override { return time; }
  Instant time{std::chrono::seconds(1)};
};

class LoopSchedulerTest : public testing::Test {
 protected:
  // A turn of the loop each millisecond.
  void advance(milliseconds by) {
    loop_.run_once(Duration::zero());
    for (; by > milliseconds(0); by -= milliseconds(1)) {
      clock_.time += milliseconds(1);
      loop_.run_once(Duration::zero());
    }
  }

  ManualClock clock_;
  net::EventLoop loop_{clock_};
  LoopScheduler scheduler_{loop_};
};

TEST_F(LoopSchedulerTest, RunsAFlowInTheTurnsOfTheLoop) {
  std::vector<int> items;
  bool ended = false;
  streams::range(0, 1000) | streams::subscribe_on(scheduler_) |
      streams::publish_on(scheduler_, {.items = 8}) |
      streams::for_each([&](int x) { items.push_back(x); }, [&](const auto&) { ended = true; });
  EXPECT_TRUE(items.empty());
  for (int turn = 0; turn < 1000 && !ended; ++turn) loop_.run_once(Duration::zero());
  ASSERT_EQ(items.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(items[static_cast<size_t>(i)], i);
  EXPECT_TRUE(ended);
}

TEST_F(LoopSchedulerTest, BringsItemsOfAnotherThreadToTheLoopsThread) {
  std::thread thread([this] { loop_.run(); });
  const std::thread::id home = thread.get_id();
  std::latch done(1);
  int count = 0;
  bool at_home = true;
  streams::range(0, 20'000) | streams::publish_on(scheduler_, {.items = 16}) |
      streams::for_each(
          [&](int) noexcept {
            ++count;
            at_home &= std::this_thread::get_id() == home;
          },
          [&](const auto&) noexcept { done.count_down(); });
  done.wait();
  loop_.stop();
  thread.join();
  EXPECT_EQ(count, 20'000);
  EXPECT_TRUE(at_home);
}

TEST_F(LoopSchedulerTest, TimesOutOnTheLoopsClock) {
  Probe<int> probe;
  auto seen = record(probe.flow() | streams::timeout(scheduler_, milliseconds(80)));
  advance(milliseconds(79));
  EXPECT_FALSE(seen->error);
  advance(milliseconds(10));  // a look each 10 ms, and each late by the wheel's tick
  EXPECT_TRUE(seen->error.is(streams::StreamFault::kTimeout));
  EXPECT_TRUE(probe.cancelled());
}

TEST_F(LoopSchedulerTest, ThrottlesOnTheLoopsClock) {
  Probe<int> probe;
  auto seen =
      record(probe.flow() |
             streams::throttle(scheduler_, {.items = 10, .per = milliseconds(100), .burst = 3}));
  EXPECT_EQ(probe.requested(), 3u);
  advance(milliseconds(9));
  EXPECT_EQ(probe.requested(), 3u);
  advance(milliseconds(2));
  EXPECT_EQ(probe.requested(), 4u);
  advance(milliseconds(100));
  EXPECT_EQ(probe.requested(), 14u);
}

TEST_F(LoopSchedulerTest, BacksOffBeforeARetryOnTheLoopsClock) {
  Probe<int> probe;
  const auto wait = [](const auto&, uint32_t) { return std::optional<Duration>(milliseconds(5)); };
  auto seen = record(probe.flow() | streams::retry_when(scheduler_, wait));
  probe.error(streams::StreamError::of(1));
  advance(milliseconds(4));
  EXPECT_EQ(probe.subscriptions(), 1);
  advance(milliseconds(2));
  EXPECT_EQ(probe.subscriptions(), 2);
}

struct Counter final : streams::TimerTask {
  void run() noexcept override {
    ++runs;
    if (again) again();
  }
  int runs = 0;
  std::function<void()> again;
};

TEST_F(LoopSchedulerTest, TimersRunInTheOrderOfTheirInstants) {
  std::vector<int> order;
  for (const int at : {30, 10, 20}) {
    auto task = std::make_shared<Counter>();
    task->again = [&order, at] { order.push_back(at); };
    scheduler_.post_at(clock_.time + milliseconds(at), task);
  }
  advance(milliseconds(0));
  advance(milliseconds(15));
  EXPECT_EQ(order, (std::vector<int>{10}));
  advance(milliseconds(16));  // and the wheel's tick
  EXPECT_EQ(order, (std::vector<int>{10, 20, 30}));
}

TEST_F(LoopSchedulerTest, AFlowThatNeverRestsLeavesTheLoopItsTurns) {
  auto task = std::make_shared<Counter>();
  const auto worker = scheduler_.worker();
  task->again = [&] { worker->post(task); };
  worker->post(task);
  loop_.run_once(Duration::zero());
  EXPECT_EQ(task->runs, LoopScheduler::kTasksPerTurn);
  loop_.run_once(Duration::zero());
  EXPECT_EQ(task->runs, 2 * LoopScheduler::kTasksPerTurn);
  task->again = nullptr;
}

TEST(LoopScheduler, DropsWhatHasNotRunAtItsEnd) {
  ManualClock clock;
  auto task = std::make_shared<Counter>();
  auto timer = std::make_shared<Counter>();
  const std::weak_ptr<Counter> weak_task = task, weak_timer = timer;
  {
    net::EventLoop loop(clock);
    LoopScheduler scheduler(loop);
    scheduler.worker()->post(std::exchange(task, nullptr));
    scheduler.post_at(clock.time, std::exchange(timer, nullptr));
  }
  EXPECT_TRUE(weak_task.expired());
  EXPECT_TRUE(weak_timer.expired());
}

}  // namespace
}  // namespace weir::loop
