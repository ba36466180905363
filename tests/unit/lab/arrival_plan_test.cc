#include "lab/arrival_plan.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weir::lab {
namespace {

using std::chrono::seconds;

std::vector<Duration> all(ArrivalPlan plan) {
  std::vector<Duration> times;
  while (const auto next = plan.next()) times.push_back(*next);
  return times;
}

double count_between(const std::vector<Duration>& times, Duration from, Duration to) {
  double count = 0;
  for (const Duration t : times) count += t >= from && t < to ? 1 : 0;
  return count;
}

TEST(ArrivalPlan, ConstantArrivalsAreAMetronome) {
  const auto times = all(ArrivalPlan({{seconds(2), 10}}, Arrivals::kConstant, Rng(1)));
  ASSERT_EQ(times.size(), 19u);  // 0.1 s, 0.2 s, … 1.9 s: the end is not part of the plan
  for (size_t i = 0; i < times.size(); ++i) {
    EXPECT_NEAR(to_seconds(times[i]), 0.1 * static_cast<double>(i + 1), 1e-6);
  }
}

TEST(ArrivalPlan, EachPhaseHasItsRateAndSilenceIsSilent) {
  const std::vector<Phase> phases{{seconds(50), 100}, {seconds(10), 0}, {seconds(50), 1000}};
  for (const uint64_t seed : {1, 2, 3}) {
    const auto times = all(ArrivalPlan(phases, Arrivals::kPoisson, Rng(seed)));
    // Five standard deviations of a Poisson count: √5000 = 71, √50000 = 224.
    EXPECT_NEAR(count_between(times, seconds(0), seconds(50)), 5000, 5 * 71) << seed;
    EXPECT_EQ(count_between(times, seconds(50), seconds(60)), 0) << seed;
    EXPECT_NEAR(count_between(times, seconds(60), seconds(110)), 50'000, 5 * 224) << seed;
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  }
}

TEST(ArrivalPlan, PoissonGapsAreExponential) {
  const auto times = all(ArrivalPlan({{seconds(1000), 100}}, Arrivals::kPoisson, Rng(7)));
  double sum = 0;
  double squares = 0;
  for (size_t i = 1; i < times.size(); ++i) {
    const double gap = to_seconds(times[i] - times[i - 1]);
    sum += gap;
    squares += gap * gap;
  }
  const double n = static_cast<double>(times.size() - 1);
  const double mean = sum / n;
  EXPECT_NEAR(std::sqrt(squares / n - mean * mean) / mean, 1.0, 0.02);
}

TEST(ArrivalPlan, PhasesParse) {
  const Phase phase = parse_phase("10s@400/s", 0).value();
  EXPECT_EQ(phase.length, Duration(seconds(10)));
  EXPECT_DOUBLE_EQ(phase.rate, 400);
  EXPECT_DOUBLE_EQ(parse_phase("10s@0.7x", 400).value().rate, 280);
  EXPECT_FALSE(parse_phase("10s@0.7x", 0));
  EXPECT_FALSE(parse_phase("10s", 0));
  EXPECT_FALSE(parse_phase("10@400/s", 0));
  EXPECT_FALSE(parse_phase("10s@400", 0));
}

TEST(ArrivalPlan, KnowsItsLengthAndSize) {
  const ArrivalPlan plan({{seconds(10), 100}, {seconds(5), 10}}, Arrivals::kPoisson, Rng(1));
  EXPECT_EQ(plan.length(), Duration(seconds(15)));
  EXPECT_DOUBLE_EQ(plan.expected_count(), 1050);
}

}  // namespace
}  // namespace weir::lab
