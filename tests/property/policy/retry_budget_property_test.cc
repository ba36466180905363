// Over no stretch of time are there more retries than the budget says.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/engine.h"
#include "weir/base/rng.h"
#include "weir/policy/retry_budget.h"

namespace weir::test {
namespace {

constexpr int kSeeds = 500;
constexpr int kSteps = 5000;

// Retries in (i, j] ≤ tokens_max + ratio · successes + min_rate · time says that the balance
// retries − ratio · successes − min_rate · time never rises by more than tokens_max above an
// earlier value. Of those the lowest is enough.
TEST(RetryBudgetProperty, NeverOverBudgetInAnyStretchOfTime) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    RetryBudget::Options options;
    options.ratio = rng.uniform();
    options.min_rate = 20 * rng.uniform();
    options.tokens_max = 1 + 100 * rng.uniform();
    RetryBudget budget(options, at(0s));
    const double retry_ratio = rng.uniform();
    const double pace = 0.2 * rng.uniform() * rng.uniform();
    Instant now = at(0s);
    double successes = 0, retries = 0, lowest = 0;
    for (int step = 0; step < kSteps; ++step) {
      now += from_seconds(rng.exponential(pace));
      if (rng.uniform() < retry_ratio) {
        retries += budget.try_withdraw(now);
      } else {
        budget.deposit(now);
        ++successes;
      }
      const double balance =
          retries - options.ratio * successes - options.min_rate * to_seconds(now - at(0s));
      lowest = std::min(lowest, balance);
      // The clock's tick of 2^20 ns may credit one tick's refill early.
      ASSERT_LE(balance - lowest, options.tokens_max + options.min_rate * 0.0011 + 1e-6);
    }
  }
}

TEST(RetryBudgetProperty, ReachesItsRateUnderSteadyFailure) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    RetryBudget budget({}, at(0s));
    Instant now = at(0s);
    int retries = 0, successes = 0;
    while (now < at(1000s)) {
      now += from_seconds(rng.exponential(0.01));
      if (rng.below(2) == 0) {
        ++successes;
        budget.deposit(now);
      } else {
        retries += budget.try_withdraw(now);
      }
    }
    const double allowed = 100 + 0.2 * successes + 10 * 1000;
    EXPECT_GE(retries, 0.98 * allowed);
  }
}

}  // namespace
}  // namespace weir::test
