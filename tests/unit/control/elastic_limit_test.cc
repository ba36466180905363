#include "weir/control/elastic_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "unit/control/windows.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

/// A station without randomness: `knee` workers of `service` seconds each under endless demand. Its
/// throughput is min(limit, knee) / service, its latency follows by Little's law.
class FluidStation {
 public:
  double knee = 64;
  double service = 0.020;
  double demand = 1e9;                                                  // per second
  std::function<double(double)> slowdown = [](double) { return 1.0; };  // of the number in flight

  void run(ElasticLimit& law, Duration length) {
    const Instant end = now_ + length;
    double total = 0;
    int steps = 0;
    while (now_ < end) {
      step(law);
      if (end - now_ > length / 3) continue;
      total += limit;
      ++steps;
    }
    limit_mean = total / steps;
  }

  uint32_t limit = 0;
  double limit_mean = 0;  // over the last third of the run: single visits say little
  LimitCause last_change = LimitCause::kHold;

 private:
  void step(ElasticLimit& law) {
    if (limit == 0) limit = law.initial();
    const double seconds = to_seconds(kSlice);
    const double able = std::min<double>(limit, knee) / (service * slowdown(limit));
    const double rate = std::min(able, demand);
    carry_ += rate * seconds;
    const auto finished = static_cast<uint64_t>(carry_);
    carry_ -= static_cast<double>(finished);
    const bool saturated = demand > able;
    const double inflight = saturated ? limit : rate * service;
    now_ += kSlice;
    WindowStats window = testing::window(finished, from_seconds(inflight / rate),
                                         static_cast<uint32_t>(inflight), kSlice, now_ - Instant{});
    window.limit = limit;
    window.limited = saturated ? 100 : 0;
    const LimitDecision decision = law.update(window, now_);
    if (decision.limit != limit) last_change = decision.cause;
    limit = decision.limit;
  }

  static constexpr Duration kSlice = milliseconds(10);
  Instant now_{};
  double carry_ = 0;
};

TEST(ElasticLimit, FindsTheKneeFromBelow) {
  ElasticLimit law;
  FluidStation station;
  station.knee = 512;
  station.run(law, std::chrono::seconds(10));
  EXPECT_NEAR(station.limit_mean, 512, 512 * 0.25);
}

TEST(ElasticLimit, FindsTheKneeFromAbove) {
  ElasticLimitOptions options;
  options.initial = 1000;
  ElasticLimit law(options);
  FluidStation station;
  station.run(law, std::chrono::seconds(20));
  EXPECT_NEAR(station.limit_mean, 64, 64 * 0.25);
}

TEST(ElasticLimit, KeepsTheKneeWhenTheServiceIsOnlySlower) {
  ElasticLimit law;
  FluidStation station;
  station.run(law, std::chrono::seconds(10));
  station.service = 0.060;
  station.run(law, std::chrono::seconds(20));
  EXPECT_NEAR(station.limit_mean, 64, 64 * 0.25);
}

TEST(ElasticLimit, FollowsLostAndReturningWorkers) {
  ElasticLimit law;
  FluidStation station;
  station.run(law, std::chrono::seconds(10));
  station.knee = 21;
  station.run(law, std::chrono::seconds(20));
  EXPECT_NEAR(station.limit_mean, 21, 21 * 0.3);
  station.knee = 64;
  station.run(law, std::chrono::seconds(10));
  EXPECT_NEAR(station.limit_mean, 64, 64 * 0.25);
}

TEST(ElasticLimit, LeavesAContentionCollapse) {
  ElasticLimitOptions options;
  options.initial = 400;
  ElasticLimit law(options);
  FluidStation station;
  station.slowdown = [](double inflight) { return 1 + 3 * std::max(0.0, inflight / 64 - 1); };
  station.run(law, std::chrono::seconds(30));
  EXPECT_NEAR(station.limit_mean, 64, 64 * 0.3);
}

TEST(ElasticLimit, StaysBelowACliff) {
  ElasticLimit law;
  FluidStation station;
  station.slowdown = [](double inflight) { return inflight > 96 ? 5.0 : 1.0; };
  station.run(law, std::chrono::seconds(30));
  EXPECT_NEAR(station.limit_mean, 64, 64 * 0.3);
}

TEST(ElasticLimit, FindsTheTopOfASmoothCurve) {
  ElasticLimit law;
  FluidStation station;
  station.knee = 1e6;  // throughput L/(1 + (L/64)²), whose top is at 64
  station.slowdown = [](double inflight) { return 1 + inflight * inflight / (64.0 * 64); };
  station.run(law, std::chrono::seconds(30));
  EXPECT_NEAR(station.limit_mean, 64, 64 * 0.35);
}

TEST(ElasticLimit, LatencyAloneMovesNothingDown) {
  ElasticLimit law;
  FluidStation station;
  station.demand = 1000;  // a third of capacity
  station.run(law, std::chrono::seconds(5));
  const uint32_t before = station.limit;
  station.service = 0.040;
  station.run(law, std::chrono::seconds(30));
  EXPECT_GE(station.limit, before);
}

TEST(ElasticLimit, HalvesWhenMostWorkIsLost) {
  ElasticLimit law;
  const uint32_t initial = law.initial();
  WindowStats window = testing::window(2, milliseconds(900), initial, milliseconds(10));
  window.limit = initial;
  window.limited = 50;
  window.dropped = 30;
  LimitDecision decision;
  int windows = 0;
  do {
    decision = law.update(window, window.end);
    window.begin += milliseconds(10);
    window.end += milliseconds(10);
  } while (decision.limit == initial && ++windows < 50);
  EXPECT_NEAR(decision.limit, initial / 2.0, 1);
  EXPECT_EQ(decision.cause, LimitCause::kDrops);
}

}  // namespace
}  // namespace weir
