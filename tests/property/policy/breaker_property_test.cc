// The breaker makes only legal transitions, never lets more probes through than it should, and
// always closes again once the service is well.
#include <gtest/gtest.h>

#include <vector>

#include "support/engine.h"
#include "weir/base/rng.h"
#include "weir/policy/breaker.h"

namespace weir::test {
namespace {

constexpr int kSeeds = 300;
constexpr int kSteps = 3000;

using enum BreakerState;
using enum BreakerCause;

bool legal(const BreakerTransition& t) {
  switch (t.cause) {
    case kFailureRate:
    case kSlowRate: return t.from == kClosed && t.to == kOpen;
    case kCooldownOver: return t.from == kOpen && t.to == kHalfOpen;
    case kProbesPassed: return t.from == kHalfOpen && t.to == kClosed;
    case kProbeFailed:
    case kProbesOverdue: return t.from == kHalfOpen && t.to == kOpen;
    case kProbesRenewed: return t.from == kHalfOpen && t.to == kHalfOpen;
    case kOperator: return false;  // nobody does
  }
  return false;
}

struct Live {
  Ticket ticket;
  Instant since;
};

Breaker::Options random_options(Rng& rng) {
  Breaker::Options options;
  options.failed_ratio = 0.1 + rng.uniform();
  options.slow_ratio = 0.1 + rng.uniform();
  options.window = Duration(static_cast<int64_t>(10'000'000 + rng.below(20'000'000'000)));
  options.slow_after = Duration(1 + static_cast<int64_t>(rng.below(10)) * options.window.count());
  options.calls_min = 1 + static_cast<uint32_t>(rng.below(50));
  options.open_initial = Duration(static_cast<int64_t>(3'000'000 + rng.below(5'000'000'000)));
  options.open_max = options.open_initial * static_cast<int>(1 + rng.below(20));
  options.probes = 1 + static_cast<uint32_t>(rng.below(10));
  options.dropped_is_failure = rng.below(2) == 0;
  options.seed = rng.next();
  return options;
}

void check_history(const Breaker& breaker, uint32_t& seen, BreakerState& state, Instant& last) {
  std::vector<BreakerTransition> news(Breaker::kHistory);
  news.resize(breaker.transitions_after(seen, news));
  for (const BreakerTransition& transition : news) {
    EXPECT_TRUE(legal(transition)) << to_string(transition.cause);
    EXPECT_EQ(transition.generation, (seen + 1) & 0xffff);
    EXPECT_EQ(transition.from, state);
    EXPECT_GE(transition.at, last);
    if (transition.to == kOpen) {
      EXPECT_LE(transition.until - transition.at, breaker.options().open_max + 3ms);
    }
    seen = transition.generation;
    state = transition.to;
    last = transition.at;
  }
  EXPECT_EQ(state, breaker.state());
}

TEST(BreakerProperty, IsLegalBoundedAndNeverStuck) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const Breaker::Options options = random_options(rng);
    Breaker breaker(options, at(0s));
    uint32_t generation = 0;
    BreakerState state = kClosed;
    Instant now = at(0s), last = now;
    std::vector<Live> live;
    const double pace = to_seconds(options.window) / (1 << rng.below(10));
    for (int step = 0; step < kSteps; ++step) {
      now += from_seconds(rng.exponential(pace));
      if (live.empty() || rng.below(5) < 3) {
        if (auto ticket = breaker.admit(request(), now)) live.push_back({*ticket, now});
      } else {
        std::swap(live[rng.below(live.size())], live.back());
        const auto outcome = static_cast<Outcome>(rng.below(kOutcomeCount));
        breaker.complete(live.back().ticket, Completion{outcome, 0, live.back().since, now});
        live.pop_back();
      }
      check_history(breaker, generation, state, last);
    }
    // The rest of the old calls never end: they may hold probes up, or open it once more as
    // overdue. After that a healthy service closes it, and it stays closed.
    const Duration recovery =
        options.slow_after + 2 * options.window + options.half_open_max + 2 * options.open_max + 1s;
    const Instant bound = now + recovery;
    while (now < bound) {
      now += std::max<Duration>(10ms, recovery / 5000);
      if (auto ticket = breaker.admit(request(), now))
        breaker.complete(*ticket, Completion{Outcome::kSuccess, 0, now, now});
      check_history(breaker, generation, state, last);
    }
    EXPECT_EQ(breaker.state(), kClosed);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(BreakerProperty, ProbesInFlightNeverExceedTheNumber) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    Breaker::Options options;
    options.probes = 1 + static_cast<uint32_t>(rng.below(10));
    options.seed = seed;
    Breaker breaker(options, at(0s));
    breaker.open(1s, at(0s));
    const Instant now = at(2s);
    std::vector<Ticket> live;
    uint32_t passed = 0;
    for (int step = 0; step < 1000 && breaker.state() != kClosed; ++step) {
      if (rng.below(2) == 0) {
        if (auto ticket = breaker.admit(request(), now)) live.push_back(*ticket);
        ASSERT_LE(live.size() + passed, options.probes);
      } else if (!live.empty()) {
        const bool passes = rng.below(3) == 0;
        const auto outcome = passes ? Outcome::kSuccess : Outcome::kIgnored;
        breaker.complete(live.back(), Completion{outcome, 0, now, now});
        live.pop_back();
        passed += passes;
      }
    }
    EXPECT_EQ(breaker.state(), kClosed);
    EXPECT_EQ(passed, options.probes);
  }
}

}  // namespace
}  // namespace weir::test
