#include "weir/policy/retry_budget.h"

#include <gtest/gtest.h>

#include "support/engine.h"
#include "weir/policy/backoff.h"

namespace weir::test {
namespace {

int drain(RetryBudget& budget, Instant now) {
  int taken = 0;
  while (taken < 1'000'000 && budget.try_withdraw(now)) ++taken;
  return taken;
}

TEST(RetryBudget, BeginsFullAndEndsEmpty) {
  RetryBudget budget({}, at(0s));
  EXPECT_EQ(budget.fill_ratio(at(0s)), 1.0);
  EXPECT_EQ(drain(budget, at(0s)), 100);
  EXPECT_EQ(budget.tokens(at(0s)), 0.0);
}

TEST(RetryBudget, FiveSuccessesPayForOneRetry) {
  RetryBudget budget({.min_rate = 0}, at(0s));
  drain(budget, at(0s));
  for (int i = 0; i < 4; ++i) budget.deposit(at(0s));
  EXPECT_FALSE(budget.try_withdraw(at(0s)));
  budget.deposit(at(0s));
  EXPECT_TRUE(budget.try_withdraw(at(0s)));
  EXPECT_FALSE(budget.try_withdraw(at(1h)));
}

TEST(RetryBudget, TimePaysForServicesWithLittleTraffic) {
  RetryBudget budget({}, at(0s));
  drain(budget, at(0s));
  EXPECT_NEAR(drain(budget, at(2s)), 20, 1);
  EXPECT_EQ(drain(budget, at(1h)), 100) << "never more than full";
}

TEST(RetryBudget, SmallStepsOfTimeAddUp) {
  RetryBudget budget({.min_rate = 0.5}, at(0s));
  drain(budget, at(0s));
  int taken = 0;
  for (int ms = 0; ms < 20'000; ++ms) taken += budget.try_withdraw(at(ms * 1ms));
  EXPECT_NEAR(taken, 10, 1);
}

TEST(RetryBudget, RefillsAfterAMonthOfSilence) {
  RetryBudget budget({}, at(0s));
  drain(budget, at(0s));
  EXPECT_EQ(drain(budget, at(24h * 30)), 100);
}

TEST(RetryBudget, AnEarlierInstantRefillsNothing) {
  RetryBudget budget({}, at(0s));
  drain(budget, at(10s));
  EXPECT_EQ(drain(budget, at(9s)), 0);
}

TEST(Backoff, CeilingDoublesToTheCap) {
  const Backoff backoff;
  EXPECT_EQ(backoff.ceiling(0), 25ms);
  EXPECT_EQ(backoff.ceiling(1), 50ms);
  EXPECT_EQ(backoff.ceiling(3), 200ms);
  EXPECT_EQ(backoff.ceiling(4), 250ms);
  EXPECT_EQ(backoff.ceiling(1'000'000), 250ms);
  const Backoff huge{.base = 1s, .cap = Duration::max()};
  EXPECT_GT(huge.ceiling(200), 1000h);
}

TEST(Backoff, JitterIsFull) {
  const Backoff backoff;
  Rng rng(3);
  double sum = 0;
  Duration least = 1h, most{};
  for (int i = 0; i < 10'000; ++i) {
    const Duration delay = backoff.delay(2, rng);
    sum += to_seconds(delay);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_NEAR(sum / 10'000, 0.050, 0.001);
  EXPECT_LT(least, 1ms);
  EXPECT_GT(most, 99ms);
  EXPECT_LT(most, 100ms);
}

TEST(Backoff, PushbackComesFirst) {
  Rng rng(3);
  const Duration delay = Backoff{}.delay(0, rng, 2s);
  EXPECT_GE(delay, 2s);
  EXPECT_LT(delay, 2025ms);
}

}  // namespace
}  // namespace weir::test
