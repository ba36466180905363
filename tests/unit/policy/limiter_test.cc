#include "weir/policy/limiter.h"

#include <gtest/gtest.h>

#include "support/engine.h"

namespace weir::test {
namespace {

struct Bench {
  explicit Bench(uint32_t initial, std::deque<LimitDecision> script = {}, Limiter::Options o = {})
      : limiter(std::make_unique<ScriptedLimit>(initial, std::move(script)), o, at(0s)) {}

  void run(int count, Duration latency, Outcome outcome, Instant begin) {
    for (int i = 0; i < count; ++i) {
      auto ticket = limiter.admit(request(), begin);
      ASSERT_TRUE(ticket);
      limiter.complete(*ticket, Completion{outcome, 0, begin, begin + latency});
    }
  }
  Limiter limiter;
};

TEST(Limiter, AdmitsUpToTheLimitAndSaysHowFullItIs) {
  Bench bench(2);
  auto first = bench.limiter.admit(request(), at(0s));
  auto second = bench.limiter.admit(request(), at(0s));
  ASSERT_TRUE(first && second);
  auto third = bench.limiter.admit(request(), at(0s));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().reason, Reason::kConcurrencyLimit);
  EXPECT_EQ(third.error().value, 2u);
  EXPECT_EQ(third.error().bound, 2u);
  bench.limiter.complete(*first, Completion{Outcome::kIgnored, 0, at(0s), at(0s)});
  EXPECT_TRUE(bench.limiter.admit(request(), at(0s)));
}

TEST(Limiter, CostsCountInUnitsAndTheDearestRunsAlone) {
  Bench bench(10);
  auto four = bench.limiter.admit(request(Criticality::kCritical, 4), at(0s));
  ASSERT_TRUE(four);
  EXPECT_FALSE(bench.limiter.admit(request(Criticality::kCritical, 7), at(0s)));
  EXPECT_FALSE(bench.limiter.admit(request(Criticality::kCritical, 4'000'000'000), at(0s)));
  bench.limiter.complete(*four, Completion{});
  auto alone = bench.limiter.admit(request(Criticality::kCritical, 4'000'000'000), at(0s));
  ASSERT_TRUE(alone);
  EXPECT_EQ(bench.limiter.inflight(), 10u);
  bench.limiter.complete(*alone, Completion{});
  EXPECT_EQ(bench.limiter.inflight(), 0u);
}

TEST(Limiter, WhatIdleReservesHoldBackLooksUsedToTheLaw) {
  Bench bench(20);
  HostSignals signals;
  signals.withheld = 8;
  bench.limiter.set_signals(signals);
  bench.run(10, 1ms, Outcome::kSuccess, at(1ms));
  const auto change = bench.limiter.tick(at(101ms));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->window.inflight_peak, 9u);  // one at a time, and the reserves
}

TEST(Limiter, WindowClosesWhenLongEnoughAndFullEnough) {
  Bench bench(20);
  bench.run(9, 1ms, Outcome::kSuccess, at(1ms));
  EXPECT_FALSE(bench.limiter.tick(at(100ms)));  // 9 samples of 10
  bench.run(1, 1ms, Outcome::kSuccess, at(100ms));
  EXPECT_TRUE(bench.limiter.tick(at(101ms)));
  bench.run(50, 1ms, Outcome::kSuccess, at(102ms));
  EXPECT_FALSE(bench.limiter.tick(at(200ms)));  // 99 ms old
  EXPECT_TRUE(bench.limiter.tick(at(201ms)));
  EXPECT_FALSE(bench.limiter.tick(at(1200ms)));
  EXPECT_TRUE(bench.limiter.tick(at(1201ms)));  // empty, but a second old
}

TEST(Limiter, NextTickNeverSleepsThroughAWindow) {
  Bench bench(20);
  EXPECT_EQ(bench.limiter.next_tick(), at(100ms));
  EXPECT_FALSE(bench.limiter.tick(at(100ms)));
  EXPECT_EQ(bench.limiter.next_tick(), at(125ms));
  EXPECT_FALSE(bench.limiter.tick(at(990ms)));
  EXPECT_EQ(bench.limiter.next_tick(), at(1s));
}

TEST(Limiter, WindowHoldsWhatHappened) {
  Bench bench(20);
  bench.run(12, 20ms, Outcome::kSuccess, at(0s));
  bench.run(1, 5ms, Outcome::kSuccess, at(0s));
  bench.run(2, 1ms, Outcome::kFailure, at(0s));
  bench.run(3, 1ms, Outcome::kDropped, at(0s));
  bench.run(4, 1ms, Outcome::kIgnored, at(0s));
  auto held = bench.limiter.admit(request(Criticality::kCritical, 20), at(1ms));
  EXPECT_FALSE(bench.limiter.admit(request(), at(1ms)));
  RequestContext again = request();
  again.waiting = true;
  EXPECT_FALSE(bench.limiter.admit(again, at(1ms)));
  HostSignals signals;
  signals.queued = 5;
  signals.pressure_ratio = 0.25;
  bench.limiter.set_signals(signals);

  const auto change = bench.limiter.tick(at(200ms));
  ASSERT_TRUE(change);
  const WindowStats& window = change->window;
  EXPECT_EQ(window.begin, at(0s));
  EXPECT_EQ(window.end, at(200ms));
  EXPECT_EQ(window.successes, 13u);
  EXPECT_EQ(window.failures, 2u);
  EXPECT_EQ(window.dropped, 3u);
  EXPECT_EQ(window.ignored, 4u);
  EXPECT_EQ(window.admitted, 23u);
  EXPECT_EQ(window.limited, 1u) << "a waiting request that asks again is not new demand";
  EXPECT_EQ(window.samples(), 13u);
  EXPECT_EQ(window.latency_min, 5ms);
  EXPECT_NEAR(to_seconds(window.latency.mean()), (12 * 0.020 + 0.005) / 13, 1e-9);
  EXPECT_EQ(window.inflight, 20u);
  EXPECT_EQ(window.inflight_peak, 20u);
  EXPECT_EQ(window.inflight_sum, 22 + 20);
  EXPECT_EQ(window.queued, 5u);
  EXPECT_EQ(window.pressure_ratio, 0.25);
  EXPECT_EQ(window.limit, 20u);
  bench.limiter.complete(*held, Completion{});

  const auto next = bench.limiter.tick(at(1200ms));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->window.successes, 0u);
  EXPECT_EQ(next->window.inflight_peak, 0u);
  EXPECT_EQ(next->window.latency_min, Duration::max());
}

TEST(Limiter, DecisionIsClampedRecordedAndInForce) {
  Limiter::Options options;
  options.limit_min = 5;
  options.limit_max = 50;
  LimitDecision high, low;
  high.limit = 500;
  high.cause = LimitCause::kGrow;
  high.figures[1] = 3.5;
  low.limit = 1;
  Bench bench(20, {high, low}, options);
  auto change = bench.limiter.tick(at(1s));
  ASSERT_TRUE(change && change->changed());
  EXPECT_EQ(change->before, 20u);
  EXPECT_EQ(change->after, 50u);
  EXPECT_EQ(change->cause, LimitCause::kGrow);
  EXPECT_EQ(change->figures[1], 3.5);
  EXPECT_EQ(change->law, "scripted");
  EXPECT_EQ(bench.limiter.limit(), 50u);
  EXPECT_EQ(bench.limiter.last_move().at, at(1s));
  EXPECT_EQ(bench.limiter.tick(at(2s))->after, 5u);
  const auto held = bench.limiter.tick(at(3s));
  ASSERT_TRUE(held);
  EXPECT_FALSE(held->changed());
  EXPECT_EQ(bench.limiter.last_move().at, at(2s));
}

TEST(Limiter, LatencyOfWorkAdmittedBeforeSampleFromIsLeftOut) {
  LimitDecision probe;
  probe.limit = 20;
  probe.sample_from = at(1s);
  Bench bench(20, {probe});
  auto old = bench.limiter.admit(request(), at(990ms));
  ASSERT_TRUE(bench.limiter.tick(at(1s)));
  bench.limiter.complete(*old, Completion{Outcome::kSuccess, 0, at(990ms), at(1100ms)});
  bench.run(10, 7ms, Outcome::kSuccess, at(1s));
  const auto change = bench.limiter.tick(at(1200ms));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->window.successes, 11u);
  EXPECT_EQ(change->window.samples(), 10u);
  EXPECT_EQ(change->window.latency_min, 7ms);
}

TEST(Limiter, ShrinkingLetsWhatRunsEnd) {
  LimitDecision low;
  low.limit = 1;
  Bench bench(3, {low});
  auto a = bench.limiter.admit(request(), at(0s));
  auto b = bench.limiter.admit(request(), at(0s));
  ASSERT_TRUE(bench.limiter.tick(at(1s)));
  EXPECT_FALSE(bench.limiter.admit(request(), at(1s)));
  bench.limiter.complete(*a, Completion{});
  EXPECT_FALSE(bench.limiter.admit(request(), at(1s)));
  bench.limiter.complete(*b, Completion{});
  EXPECT_TRUE(bench.limiter.admit(request(), at(1s)));
}

}  // namespace
}  // namespace weir::test
