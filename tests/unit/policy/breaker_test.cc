#include "weir/policy/breaker.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/engine.h"

namespace weir::test {
namespace {

struct Bench {
  explicit Bench(Breaker::Options options = {}) : breaker(options, at(0s)) {}

  Expected<Ticket, Rejection> admit(Instant now) { return breaker.admit(request(), now); }
  void end(const Expected<Ticket, Rejection>& ticket, Outcome outcome, Instant begin, Instant now) {
    breaker.complete(*ticket, Completion{outcome, 0, begin, now});
  }
  /// `count` calls that begin at `now` and end after `latency`; false when one was refused.
  bool run(int count, Outcome outcome, Instant now, Duration latency = 1ms) {
    for (int i = 0; i < count; ++i) {
      auto ticket = admit(now);
      if (!ticket) return false;
      end(ticket, outcome, now, now + latency);
    }
    return true;
  }
  std::vector<BreakerCause> causes() const {
    std::vector<BreakerTransition> all(Breaker::kHistory);
    all.resize(breaker.transitions_after(0, all));
    std::vector<BreakerCause> causes;
    for (const auto& transition : all) causes.push_back(transition.cause);
    return causes;
  }
  /// An instant after the present cool-down.
  Instant after_cooldown() const { return breaker.until() + 1ms; }

  Breaker breaker;
};

using enum BreakerState;
using enum BreakerCause;

TEST(Breaker, OpensAtTheFailureRateOnceThereAreEnoughCalls) {
  Bench bench;
  EXPECT_TRUE(bench.run(10, Outcome::kSuccess, at(0s)));
  EXPECT_TRUE(bench.run(9, Outcome::kFailure, at(1s)));
  EXPECT_EQ(bench.breaker.state(), kClosed) << "19 calls";
  EXPECT_TRUE(bench.run(1, Outcome::kFailure, at(1s)));
  EXPECT_EQ(bench.breaker.state(), kOpen) << "10 of 20 failed";
  const auto refused = bench.admit(at(2s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kBreakerOpen);
  EXPECT_EQ(at(2s) + refused.error().retry_after, bench.breaker.until());

  BreakerTransition last;
  ASSERT_EQ(bench.breaker.transitions_after(0, {&last, 1}), 1u);
  EXPECT_EQ(last.from, kClosed);
  EXPECT_EQ(last.to, kOpen);
  EXPECT_EQ(last.cause, kFailureRate);
  EXPECT_EQ(last.calls, 20u);
  EXPECT_EQ(last.failed_permille, 500);
  EXPECT_EQ(last.at, at(1001ms));
  EXPECT_NEAR(to_seconds(last.until - last.at), 5.0, 1.01);
}

TEST(Breaker, ARefusalCarriesTheShareThatOpenedItAndTheShareThatDoes) {
  Bench bench;
  EXPECT_TRUE(bench.run(8, Outcome::kSuccess, at(0s)));
  EXPECT_TRUE(bench.run(12, Outcome::kFailure, at(1s)));
  auto refused = bench.admit(at(2s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().value, 60u);
  EXPECT_EQ(refused.error().bound, 50u);
  bench.breaker.open(1s, at(3s));
  refused = bench.admit(at(3s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().bound, 0u) << "by hand";
}

TEST(Breaker, OldFailuresLeaveTheWindow) {
  Bench bench;
  EXPECT_TRUE(bench.run(19, Outcome::kFailure, at(0s)));
  EXPECT_TRUE(bench.run(19, Outcome::kFailure, at(10s)));
  EXPECT_EQ(bench.breaker.state(), kClosed);
  EXPECT_TRUE(bench.run(1, Outcome::kFailure, at(19s)));
  EXPECT_EQ(bench.breaker.state(), kOpen);
}

TEST(Breaker, SlowCallsOpenIt) {
  Bench bench;
  EXPECT_TRUE(bench.run(4, Outcome::kSuccess, at(0s)));
  EXPECT_TRUE(bench.run(16, Outcome::kSuccess, at(0s), 1001ms));
  EXPECT_EQ(bench.causes(), std::vector{kSlowRate});
}

TEST(Breaker, CallsThatHangOpenItAlthoughNothingEnds) {
  Bench bench;
  std::vector<Expected<Ticket, Rejection>> hanging;
  for (int i = 0; i < 30; ++i) hanging.push_back(bench.admit(at(100ms)));
  EXPECT_EQ(bench.breaker.rates(at(1s)).overdue, 0u) << "none is past the slow mark yet";
  EXPECT_TRUE(bench.admit(at(1900ms)));
  EXPECT_FALSE(bench.admit(at(2s))) << "30 of 31 are overdue";
  EXPECT_EQ(bench.causes(), std::vector{kSlowRate});
  for (auto& ticket : hanging) bench.end(ticket, Outcome::kSuccess, at(100ms), at(3s));
  EXPECT_EQ(bench.breaker.state(), kOpen) << "they are of an earlier generation";
}

TEST(Breaker, CallersThatLosePatienceDoNotHideAHangingService) {
  Bench bench;
  EXPECT_TRUE(bench.run(20, Outcome::kIgnored, at(0s), 1500ms));
  EXPECT_EQ(bench.causes(), std::vector{kSlowRate});
}

TEST(Breaker, OverloadAnswersAndIgnoredCallsDoNotOpenItByDefault) {
  Bench bench;
  EXPECT_TRUE(bench.run(100, Outcome::kDropped, at(0s)));
  EXPECT_TRUE(bench.run(100, Outcome::kIgnored, at(0s)));
  EXPECT_EQ(bench.breaker.rates(at(0s)).calls(), 0u);
  Breaker::Options options;
  options.dropped_is_failure = true;
  Bench strict(options);
  EXPECT_FALSE(strict.run(100, Outcome::kDropped, at(0s)));
}

TEST(Breaker, TimeoutsCountAsSlow) {
  Bench bench;
  EXPECT_TRUE(bench.run(20, Outcome::kDropped, at(0s), 2s));
  EXPECT_EQ(bench.causes(), std::vector{kSlowRate});
}

TEST(Breaker, HalfOpenLetsNProbesThroughAndTheirSuccessCloses) {
  Bench bench;
  bench.run(20, Outcome::kFailure, at(0s));
  const Instant t = bench.after_cooldown();
  auto a = bench.admit(t), b = bench.admit(t), c = bench.admit(t);
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(bench.breaker.state(), kHalfOpen);
  EXPECT_FALSE(bench.admit(t));
  bench.end(a, Outcome::kSuccess, t, t + 5ms);
  EXPECT_FALSE(bench.admit(t)) << "two in flight and one passed make three";
  bench.end(b, Outcome::kSuccess, t, t + 5ms);
  bench.end(c, Outcome::kSuccess, t, t + 5ms);
  EXPECT_EQ(bench.breaker.state(), kClosed);
  EXPECT_EQ(bench.causes(), (std::vector{kFailureRate, kCooldownOver, kProbesPassed}));
  EXPECT_TRUE(bench.run(19, Outcome::kFailure, t + 6ms)) << "a clean window";
}

TEST(Breaker, AFailedProbeOpensForTwiceAsLongUpToTheMaximum) {
  Bench bench;
  bench.run(20, Outcome::kFailure, at(0s));
  double expected = 5;
  for (int i = 0; i < 8; ++i) {
    const Instant t = bench.after_cooldown();
    EXPECT_TRUE(bench.run(1, Outcome::kFailure, t));
    expected = std::min(60.0, expected * 2);
    const double cooldown = to_seconds(bench.breaker.until() - t);
    EXPECT_LE(cooldown, std::min(60.0, expected * 1.2) + 0.01);
    EXPECT_GE(cooldown, expected * 0.8);
  }
}

TEST(Breaker, TheCooldownGrowsWhenItFailsAgainSoonAfterClosing) {
  Bench bench;
  bench.run(20, Outcome::kFailure, at(0s));
  Instant t = bench.after_cooldown();
  bench.run(3, Outcome::kSuccess, t);
  bench.run(20, Outcome::kFailure, t + 1s);
  EXPECT_GE(bench.breaker.until() - (t + 1s), 8s);
  t = bench.after_cooldown();
  bench.run(3, Outcome::kSuccess, t);
  bench.run(20, Outcome::kFailure, t + 11s);
  EXPECT_LE(bench.breaker.until() - (t + 11s), 6s + 2ms) << "it was well for a whole window";
}

TEST(Breaker, ALostProbeFreesItsPlace) {
  Bench bench;
  bench.run(20, Outcome::kFailure, at(0s));
  const Instant t = bench.after_cooldown();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(bench.run(1, Outcome::kIgnored, t, 0ms)) << i;
  EXPECT_TRUE(bench.run(3, Outcome::kSuccess, t));
  EXPECT_EQ(bench.breaker.state(), kClosed);
}

TEST(Breaker, ProbesThatNeverEndReopenIt) {
  Bench bench;
  bench.run(20, Outcome::kFailure, at(0s));
  const Instant t = bench.after_cooldown();
  auto lost = bench.admit(t);
  EXPECT_FALSE(bench.run(1, Outcome::kSuccess, t + 31s));
  EXPECT_EQ(bench.breaker.state(), kOpen);
  EXPECT_EQ(bench.causes().back(), kProbesOverdue);
  bench.end(lost, Outcome::kSuccess, t, t + 40s);
  EXPECT_EQ(bench.breaker.state(), kOpen);
  EXPECT_TRUE(bench.run(3, Outcome::kSuccess, bench.after_cooldown()));
  EXPECT_EQ(bench.breaker.state(), kClosed);
}

TEST(Breaker, ProbingWithoutTrafficIsRenewedNotFailed) {
  Bench bench;
  bench.run(20, Outcome::kFailure, at(0s));
  const Instant t = bench.after_cooldown();
  EXPECT_TRUE(bench.run(1, Outcome::kSuccess, t));
  EXPECT_TRUE(bench.run(3, Outcome::kSuccess, t + 60s));
  EXPECT_EQ(bench.breaker.state(), kClosed);
}

TEST(Breaker, StaleCompletionsChangeNothing) {
  Bench bench;
  std::vector<Expected<Ticket, Rejection>> old;
  for (int i = 0; i < 50; ++i) old.push_back(bench.admit(at(0s)));
  bench.run(20, Outcome::kFailure, at(0s));
  const Instant t = bench.after_cooldown();
  auto probe = bench.admit(t);
  ASSERT_TRUE(probe);
  for (auto& ticket : old) bench.end(ticket, Outcome::kFailure, at(0s), t);
  EXPECT_EQ(bench.breaker.state(), kHalfOpen);
  bench.end(probe, Outcome::kIgnored, t, t);
}

TEST(Breaker, TheOperatorHasTheLastWord) {
  Bench bench;
  bench.breaker.open(1h, at(0s));
  EXPECT_FALSE(bench.admit(at(59min)));
  bench.breaker.close(at(59min));
  EXPECT_TRUE(bench.admit(at(59min)));
  EXPECT_EQ(bench.causes(), (std::vector{kOperator, kOperator}));
}

TEST(Breaker, RemembersTheLastTransitionsOnly) {
  Bench bench;
  for (int i = 0; i < 50; ++i)
    i % 2 == 0 ? bench.breaker.open(1s, at(i * 1s)) : bench.breaker.close(at(i * 1s));
  std::vector<BreakerTransition> all(100);
  ASSERT_EQ(bench.breaker.transitions_after(0, all), Breaker::kHistory);
  EXPECT_EQ(all[0].generation, 35u);
  EXPECT_EQ(all[15].generation, 50u);
  EXPECT_EQ(bench.breaker.transitions_after(48, all), 2u);
  EXPECT_EQ(bench.breaker.transitions_after(50, all), 0u);
}

TEST(Breaker, CooldownsOfDifferentSeedsDiffer) {
  std::vector<Instant> ends;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Breaker::Options options;
    options.seed = seed;
    Bench bench(options);
    bench.run(20, Outcome::kFailure, at(0s));
    ends.push_back(bench.breaker.until());
  }
  std::sort(ends.begin(), ends.end());
  EXPECT_GE(ends.back() - ends.front(), 1s);
  EXPECT_EQ(std::adjacent_find(ends.begin(), ends.end()), ends.end());
}

}  // namespace
}  // namespace weir::test
