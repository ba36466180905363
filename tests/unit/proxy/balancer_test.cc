#include "proxy/balancer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <queue>

namespace weir::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart{seconds(1000)};

BalanceOptions options_for(BalancePolicy policy = BalancePolicy::kPeakEwma) {
  BalanceOptions options;
  options.policy = policy;
  return options;
}

// An open-loop stream of requests against endpoints of given latency and success, in virtual time.
struct Bench {
  struct Endpoint {
    Duration latency = milliseconds(20);
    Outcome outcome = Outcome::kSuccess;
  };
  struct Ending {
    Instant at;
    size_t endpoint;
    Duration latency;
    Outcome outcome;
    bool operator<(const Ending& other) const { return at > other.at; }
  };

  Bench(size_t count, BalanceOptions options)
      : endpoints(count), balancer(options, count), chosen(count) {}

  void run(Duration length, Duration gap) {
    std::fill(chosen.begin(), chosen.end(), 0);
    std::priority_queue<Ending> endings;
    for (const Instant end = now + length; now < end; now += gap) {
      while (!endings.empty() && endings.top().at <= now) {
        const Ending ending = endings.top();
        endings.pop();
        balancer.end(ending.endpoint, {ending.outcome, ending.latency}, ending.at);
      }
      const size_t i = balancer.choose(0, now, rng);
      balancer.begin(i);
      ++chosen[i];
      ejected_most = std::max(ejected_most, balancer.ejected_count(now));
      const double factor = 0.5 + rng.uniform();
      const Duration latency = from_seconds(to_seconds(endpoints[i].latency) * factor);
      endings.push({now + latency, i, latency, endpoints[i].outcome});
    }
    while (!endings.empty()) {
      balancer.end(endings.top().endpoint, {endings.top().outcome, endings.top().latency}, now);
      endings.pop();
    }
  }

  double share(size_t i) const {
    double sum = 0;
    for (const size_t count : chosen) sum += static_cast<double>(count);
    return static_cast<double>(chosen[i]) / sum;
  }

  std::vector<Endpoint> endpoints;
  Balancer balancer;
  std::vector<size_t> chosen;
  size_t ejected_most = 0;
  Rng rng{11};
  Instant now = kStart;
};

TEST(Balancer, SpreadsEvenlyOverEquals) {
  for (const BalancePolicy policy :
       {BalancePolicy::kPeakEwma, BalancePolicy::kLeastRequest, BalancePolicy::kRoundRobin}) {
    Bench bench(10, options_for(policy));
    bench.run(seconds(20), milliseconds(1));
    for (size_t i = 0; i < 10; ++i) EXPECT_NEAR(bench.share(i), 0.1, 0.04);
  }
}

TEST(Balancer, ASlowEndpointAmongTwentyGetsHardlyAnything) {
  Bench bench(20, options_for());
  bench.endpoints[3].latency = milliseconds(400);
  bench.run(seconds(30), milliseconds(1));
  EXPECT_LT(bench.share(3), 0.005);
}

TEST(Balancer, FailingFastOrRefusingFastDrawsNothing) {
  for (const Outcome outcome : {Outcome::kFailure, Outcome::kDropped}) {
    Bench bench(20, options_for());
    bench.endpoints[3] = {std::chrono::microseconds(100), outcome};
    bench.run(seconds(30), milliseconds(1));
    EXPECT_LT(bench.share(3), 0.01) << to_string(outcome);
    for (size_t i = 0; i < 20; ++i) {
      if (i != 3) {
        EXPECT_GT(bench.share(i), 0.03);
      }
    }
  }
}

TEST(Balancer, EjectionStaysBelowItsCeilingAndNeverTakesEverything) {
  BalanceOptions options = options_for();
  options.ejection.share_max = 0.3;
  Bench bench(10, options);
  for (auto& endpoint : bench.endpoints) endpoint.outcome = Outcome::kFailure;
  bench.run(seconds(60), milliseconds(1));
  EXPECT_EQ(bench.ejected_most, 3U);
  Bench alone(1, options_for());
  alone.endpoints[0].outcome = Outcome::kFailure;
  alone.run(seconds(5), milliseconds(1));
  EXPECT_EQ(alone.ejected_most, 0U);
}

TEST(Balancer, AnEjectedEndpointComesBackSlowlyAndIsEjectedLongerTheNextTime) {
  Balancer balancer(options_for(BalancePolicy::kLeastRequest), 2);
  const auto fail = [&balancer](Instant now) {
    for (int i = 0; i < 5; ++i) {
      balancer.begin(0);
      balancer.end(0, {Outcome::kFailure, milliseconds(1)}, now);
    }
  };
  fail(kStart);
  EXPECT_TRUE(balancer.ejected(0, kStart + seconds(9)));
  EXPECT_FALSE(balancer.ejected(0, kStart + seconds(10)));
  const Instant back = kStart + seconds(11);
  EXPECT_GT(balancer.cost(0, back), 5 * balancer.cost(1, back));
  EXPECT_NEAR(balancer.cost(0, back + seconds(90)), balancer.cost(1, back + seconds(90)), 0.01);
  fail(back);
  EXPECT_TRUE(balancer.ejected(0, back + seconds(19)));
  EXPECT_FALSE(balancer.ejected(0, back + seconds(20)));
}

TEST(Balancer, WhatIsDownIsChosenOnlyWhenNothingElseIsLeft) {
  Balancer balancer(options_for(), 3);
  Rng rng(5);
  balancer.connect_failed(0, kStart);
  balancer.connect_failed(1, kStart);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(balancer.choose(0, kStart, rng), 2U);
  balancer.connect_failed(2, kStart + milliseconds(10));
  EXPECT_NE(balancer.choose(0, kStart + milliseconds(10), rng), 2U);  // it returns the latest
  balancer.connected(1, kStart + milliseconds(20));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(balancer.choose(0, kStart + milliseconds(20), rng), 1U);
}

TEST(Balancer, PanicIgnoresHealthWhenMostAreIll) {
  Balancer balancer(options_for(BalancePolicy::kRoundRobin), 5);
  Rng rng(5);
  const auto seen = [&] {
    std::vector<size_t> counts(5);
    for (int i = 0; i < 100; ++i) ++counts[balancer.choose(0, kStart, rng)];
    return 5 - std::count(counts.begin(), counts.end(), 0U);
  };
  balancer.set_healthy(0, false, kStart);
  balancer.set_healthy(1, false, kStart);
  EXPECT_EQ(seen(), 3);
  balancer.set_healthy(2, false, kStart);
  EXPECT_EQ(seen(), 5);
  balancer.set_healthy(2, true, kStart);
  EXPECT_EQ(seen(), 3);
}

TEST(Balancer, TheRingKeepsKeysAndMovesOnlyThoseOfWhatIsGone) {
  Balancer balancer(options_for(BalancePolicy::kRingHash), 10);
  Rng rng(5);
  std::vector<size_t> before, counts(10);
  for (uint64_t key = 0; key < 10'000; ++key) {
    before.push_back(balancer.choose(key, kStart, rng));
    ++counts[before.back()];
  }
  for (const size_t count : counts) EXPECT_NEAR(static_cast<double>(count), 1000, 400);
  balancer.connect_failed(4, kStart);
  for (uint64_t key = 0; key < 10'000; ++key) {
    const size_t now = balancer.choose(key, kStart, rng);
    EXPECT_NE(now, 4U);
    if (before[key] != 4) {
      EXPECT_EQ(now, before[key]);
    }
  }
}

TEST(Balancer, ALoadReportMovesLoadToWhoHasRoom) {
  Balancer balancer(options_for(BalancePolicy::kLeastRequest), 2);
  balancer.report_load(0, 100, 0.9, kStart);
  balancer.report_load(1, 100, 0.3, kStart);
  EXPECT_NEAR(balancer.cost(0, kStart) / balancer.cost(1, kStart), 3, 0.01);
  const Instant later = kStart + std::chrono::minutes(4);
  EXPECT_EQ(balancer.cost(0, later), balancer.cost(1, later));
}

}  // namespace
}  // namespace weir::proxy
