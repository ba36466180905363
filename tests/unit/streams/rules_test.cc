// The rules that the TCK leaves untested, by number. Each runs over every kind of publisher and
// subscriber here that the rule can be told of.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>

#include "unit/streams/probe.h"
#include "unit/streams/recorder.h"
#include "weir/exec/thread_pool.h"
#include "weir/streams/concat_map.h"
#include "weir/streams/filter.h"
#include "weir/streams/for_each.h"
#include "weir/streams/limit_rate.h"
#include "weir/streams/map.h"
#include "weir/streams/merge.h"
#include "weir/streams/on_backpressure.h"
#include "weir/streams/publish_on.h"
#include "weir/streams/retry_when.h"
#include "weir/streams/share.h"
#include "weir/streams/source.h"
#include "weir/streams/subscribe_on.h"
#include "weir/streams/take.h"
#include "weir/streams/virtual_scheduler.h"

namespace weir::streams {
namespace {

const StreamError kBroken = StreamError::of(std::string("broken"));

/// A flow through one operator, with the scheduler it needs.
struct Subject {
  std::string name;
  std::function<Flow<int>(Flow<int>)> through;
  bool lossless = true;
};

class RulesTest : public testing::Test {
 protected:
  std::vector<Subject> subjects() {
    auto& s = scheduler_;
    return {
        {"map", [](Flow<int> f) { return f | map([](int x) { return x; }); }},
        {"filter", [](Flow<int> f) { return f | filter([](int) { return true; }); }},
        {"take", [](Flow<int> f) { return f | take(1000); }},
        {"publish_on", [&s](Flow<int> f) { return f | publish_on(s, {.items = 4}); }},
        {"subscribe_on", [&s](Flow<int> f) { return f | subscribe_on(s); }},
        {"limit_rate", [](Flow<int> f) { return f | limit_rate(4); }},
        {"buffer", [](Flow<int> f) { return f | on_backpressure_buffer(); }},
        {"latest", [](Flow<int> f) { return f | on_backpressure_latest(); }, false},
        {"drop", [](Flow<int> f) { return f | on_backpressure_drop(); }, false},
        {"flat_map", [](Flow<int> f) { return f | flat_map([](int x) { return just(x); }); }},
        {"concat_map", [](Flow<int> f) { return f | concat_map([](int x) { return just(x); }); }},
        {"merge", [](Flow<int> f) { return merge(f, empty<int>()); }},
        {"share", [](Flow<int> f) { return f | share({.items = 4}); }},
        {"retry_when",
         [&s](Flow<int> f) {
           return f | retry_when(s, [](const StreamError&, uint32_t) {
                    return std::optional<Duration>();
                  });
         }},
    };
  }

  VirtualScheduler scheduler_;
};

TEST_F(RulesTest, Spec106And107NothingFollowsATerminalSignal) {
  for (const Subject& subject : subjects()) {
    for (const bool fails : {false, true}) {
      Probe<int> probe;
      auto seen = record(subject.through(probe.flow()));
      scheduler_.run();
      probe.next(1);
      fails ? probe.error(kBroken) : probe.complete();
      scheduler_.run();
      EXPECT_EQ(seen->ended(), true) << subject.name;
      seen->up->request(10);
      seen->up->cancel();
      seen->up->request(0);
      scheduler_.run();
      EXPECT_FALSE(seen->after_end) << subject.name;
      EXPECT_EQ(fails, static_cast<bool>(seen->error)) << subject.name;
    }
  }
}

TEST_F(RulesTest, Spec108SignalsStopAfterACancel) {
  for (const Subject& subject : subjects()) {
    if (!subject.lossless) continue;
    auto seen = record(subject.through(range(0, 1'000'000)), 3);
    scheduler_.run();
    seen->on_item = [&seen](int) { seen->up->cancel(); };
    seen->up->request(kUnbounded);
    scheduler_.run();
    EXPECT_EQ(seen->items.size(), 4u) << subject.name;
    EXPECT_FALSE(seen->ended()) << subject.name;
  }
}

TEST_F(RulesTest, Spec110OneSubscriberTwiceIsServedTwice) {
  // §1.10 asks subscribers not to do it; publishers here treat the second as a subscriber of its
  // own, and the subscriber's own §2.5 cancels it.
  auto recorder = std::make_shared<Recorder<int>>(kUnbounded);
  auto flow = range(0, 3);
  flow.subscribe(recorder);
  flow.subscribe(recorder);
  EXPECT_EQ(recorder->subscriptions, 2);
  EXPECT_EQ(recorder->items.size(), 3u);
}

TEST_F(RulesTest, Spec202SlowWorkIsMovedToAWorkerByPublishOn) {
  auto seen = record(range(0, 3) | publish_on(scheduler_));
  EXPECT_TRUE(seen->items.empty());
  scheduler_.run();
  EXPECT_EQ(seen->items.size(), 3u);
}

TEST_F(RulesTest, Spec204And206AnEndedStreamIsLetGoOf) {
  for (const Subject& subject : subjects()) {
    Probe<int> probe;
    auto seen = record(subject.through(probe.flow()));
    scheduler_.run();
    const std::weak_ptr<Subscriber<int>> held = probe.subscriber();
    ASSERT_FALSE(held.expired()) << subject.name;
    probe.complete();
    scheduler_.run();
    seen->up.reset();
    EXPECT_TRUE(held.expired()) << subject.name;
    EXPECT_FALSE(probe.cancelled()) << subject.name;
  }
}

TEST_F(RulesTest, Spec205And212ASecondSubscriptionIsCancelledAndTheFirstGoesOn) {
  for (const Subject& subject : subjects()) {
    Probe<int> first, second;
    std::shared_ptr<Subscriber<int>> inside;
    // Catches the subscriber that the operator subscribes to its upstream.
    auto seen = record(subject.through(first.flow()));
    scheduler_.run();
    inside = first.subscriber().lock();
    second.flow().subscribe(inside);
    EXPECT_TRUE(second.cancelled()) << subject.name;
    first.next(7);
    scheduler_.run();
    EXPECT_EQ(seen->items, (std::vector<int>{7})) << subject.name;
    seen->up->cancel();
    scheduler_.run();
  }
}

TEST_F(RulesTest, Spec207And301RequestsFromManyThreadsAreServedSerially) {
  exec::ThreadPool pool({.threads = 3});
  struct Asker final : Task {
    void run() noexcept override {
      for (int i = 0; i < 10'000; ++i) up->request(1);
      done->count_down();
    }
    std::shared_ptr<Subscription> up;
    std::latch* done = nullptr;
  };
  auto flow = range(0, 100'000) | map([](int x) noexcept { return x; });
  auto seen = record(flow, 0);
  std::latch done(3);
  for (int i = 0; i < 3; ++i) {
    auto asker = std::make_shared<Asker>();
    asker->up = seen->up;
    asker->done = &done;
    pool.worker()->post(asker);
  }
  done.wait();
  EXPECT_FALSE(seen->nested);
  EXPECT_EQ(seen->items.size(), 30'000u);
  for (int i = 0; i < 30'000; ++i) ASSERT_EQ(seen->items[static_cast<size_t>(i)], i);
  seen->up->cancel();
}

TEST_F(RulesTest, Spec211EverySignalHappensBeforeTheNext) {
  // Plain memory written in one signal is read in the next, on other threads; TSan is the judge.
  exec::ThreadPool pool({.threads = 2});
  std::latch done(1);
  int last = -1;
  bool ordered = true;
  range(0, 20'000) | subscribe_on(pool) | publish_on(pool, {.items = 8}) | limit_rate(5) |
      for_each(
          [&](int x) noexcept {
            ordered &= x == last + 1;
            last = x;
          },
          [&](const auto&) noexcept { done.count_down(); }, 3);
  done.wait();
  EXPECT_TRUE(ordered);
  EXPECT_EQ(last, 19'999);
}

TEST_F(RulesTest, Spec213SignalsReturnNormally) {
  static_assert(noexcept(std::declval<Subscriber<int>&>().on_next(1)));
  static_assert(noexcept(std::declval<Subscriber<int>&>().on_complete()));
  static_assert(noexcept(std::declval<Subscriber<int>&>().on_error(StreamError())));
  static_assert(noexcept(std::declval<Subscriber<int>&>().on_subscribe(nullptr)));
}

TEST_F(RulesTest, Spec304And305RequestAndCancelDoNotCallBackFromInsideOnNext) {
  for (const Subject& subject : subjects()) {
    if (!subject.lossless) continue;
    auto seen = record(subject.through(range(0, 1000)), 1);
    seen->on_item = [&seen](int) {
      const size_t before = seen->items.size();
      seen->up->request(1);
      EXPECT_EQ(seen->items.size(), before);
    };
    scheduler_.run();
    EXPECT_FALSE(seen->nested) << subject.name;
    seen->up->request(1);
    scheduler_.run();
    EXPECT_EQ(seen->items.size(), 1000u) << subject.name;
  }
}

TEST_F(RulesTest, Spec310And311RequestMayEmitAndEndBeforeItReturns) {
  auto seen = record(range(0, 2), 0);
  seen->up->request(1);
  EXPECT_EQ(seen->items.size(), 1u);
  seen->up->request(1);
  EXPECT_TRUE(seen->completed);
}

TEST_F(RulesTest, Spec309ZeroIsAnErrorEverywhere) {
  for (const Subject& subject : subjects()) {
    if (subject.name == "drop") continue;  // it has ended: the range does not wait to be asked
    auto seen = record(subject.through(range(0, 1000)), 0);
    scheduler_.run();
    seen->up->request(0);
    scheduler_.run();
    EXPECT_TRUE(seen->error.is(StreamFault::kIllegalRequest)) << subject.name;
    EXPECT_TRUE(seen->items.empty()) << subject.name;
  }
}

TEST_F(RulesTest, Spec313ACancelledSubscriberIsForgotten) {
  for (const Subject& subject : subjects()) {
    auto seen = record_only(subject.through(range(0, 1000)), 1);
    scheduler_.run();
    const std::weak_ptr<Recorder<int>> weak = seen;
    const auto up = std::move(seen->up);
    up->cancel();
    scheduler_.run();
    seen.reset();
    EXPECT_TRUE(weak.expired()) << subject.name;
  }
}

TEST_F(RulesTest, Spec314TheLastToLeaveMayCloseAPublisherThatSaysSo) {
  Probe<int> probe;
  auto shared = probe.flow() | share();
  auto a = record(shared);
  auto b = record(shared);
  a->up->cancel();
  EXPECT_FALSE(probe.cancelled());
  b->up->cancel();
  EXPECT_TRUE(probe.cancelled());
}

TEST_F(RulesTest, Spec315And316RequestAndCancelReturnNormally) {
  static_assert(noexcept(std::declval<Subscription&>().request(1)));
  static_assert(noexcept(std::declval<Subscription&>().cancel()));
}

}  // namespace
}  // namespace weir::streams
