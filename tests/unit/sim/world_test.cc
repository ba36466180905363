#include "sim/world.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/compare.h"
#include "sim/matrix.h"

namespace weir::sim {
namespace {

Instant at(double second) {
  return Instant{} + from_seconds(second);
}

ScenarioSpec small(double load, double length = 20) {
  ScenarioSpec spec;
  spec.services[0].workers = 8;
  spec.clients[0].rate = {{at(0), load * 400}};
  spec.measure_end = spec.end = at(length);
  return spec;
}

TEST(World, TheSameSeedGivesTheSameRun) {
  const ScenarioSpec spec = small(2);
  const auto run = [&](uint64_t seed) { return World(spec, guard_of_law("elastic"), seed).run(); };
  const RunResult one = run(5);
  const RunResult two = run(5);
  const RunResult other = run(6);
  EXPECT_EQ(one.events, two.events);
  EXPECT_EQ(one.clients[0].latency, two.clients[0].latency);
  EXPECT_EQ(one.services[0].limit_at_slice, two.services[0].limit_at_slice);
  EXPECT_NE(one.clients[0].latency, other.clients[0].latency);
}

TEST(World, EveryRequestEndsExactlyOnce) {
  ScenarioSpec spec = small(3);
  spec.clients[0].retries = 2;
  spec.clients[0].rate.push_back({at(18), 0});  // all of them can end before the run does
  const RunResult result = World(spec, guard_of_law("aimd"), 3).run();
  const Tally& tally = result.clients[0].measured;
  EXPECT_GT(tally.offered, 1000u);
  EXPECT_EQ(tally.offered, tally.good + tally.failed);
  EXPECT_EQ(tally.attempts - tally.offered, tally.refused + tally.timed_out - tally.failed);
}

TEST(World, WithoutAGuardAnOverloadedServiceServesNobodyInTime) {
  const RunResult result = World(small(2, 30), GuardSpec{}, 1).run();
  const Tally late = sum(result.clients[0].slices, at(10), at(30));
  EXPECT_LT(static_cast<double>(late.good), 0.01 * static_cast<double>(late.offered));
}

TEST(World, TheOracleKeepsAnOverloadedServiceBusy) {
  GuardSpec guard = guard_of_law("fixed");
  guard.limit_max = 8;
  const RunResult result = World(small(5), guard, 1).run();
  EXPECT_NEAR(static_cast<double>(result.clients[0].measured.good) / 20, 400, 20);
}

TEST(World, CallsFanOutAndComeBack) {
  ScenarioSpec spec;
  spec.services.resize(3);
  for (ServiceSpec& service : spec.services) service.time.kind = ServiceTime::Kind::kConstant;
  spec.routes[0].calls = {{1, 2}, {}, {}};
  spec.clients[0].rate = {{at(0), 50}};
  spec.measure_end = spec.end = at(10);
  const RunResult result = World(spec, guard_of_law("fixed"), 1).run();
  const ClientResult& client = result.clients[0];
  EXPECT_EQ(client.measured.refused + client.measured.timed_out, 0u);
  ASSERT_FALSE(client.latency.empty());
  for (const float latency : client.latency) ASSERT_NEAR(latency, 0.040, 1e-6);
}

TEST(World, ASlowLeafRefusesOnlyTheRoutesThatNeedIt) {
  ScenarioSpec spec;
  spec.services.resize(3);
  spec.services[2].slowdowns = {{at(2), at(30), 0.05}};
  spec.routes.resize(2);
  spec.routes[0].calls = {{1}, {}, {}};
  spec.routes[1].calls = {{2}, {}, {}};
  spec.clients.resize(2);
  for (uint32_t i = 0; i < 2; ++i) {
    spec.clients[i].route = i;
    spec.clients[i].rate = {{at(0), 800}};
    spec.clients[i].timeout = std::chrono::seconds(1);
  }
  spec.measure_begin = at(5);
  spec.measure_end = spec.end = at(30);
  const RunResult result = World(spec, guard_of_law("elastic"), 1).run();
  const Tally& healthy = result.clients[0].measured;
  EXPECT_GT(static_cast<double>(healthy.good), 0.99 * static_cast<double>(healthy.offered));
  EXPECT_LT(result.clients[1].measured.good, result.clients[1].measured.offered / 2);
}

TEST(World, InstancesShareTheLoadAndEachHasItsOwnGuard) {
  for (const Balancing balancing :
       {Balancing::kRoundRobin, Balancing::kRandom, Balancing::kLeastOfTwo}) {
    ScenarioSpec spec = small(0.5);
    spec.services[0].instances = 20;
    spec.services[0].balancing = balancing;
    spec.clients[0].rate = {{at(0), 0.5 * 20 * 400}};
    const RunResult result = World(spec, guard_of_law("fixed"), 1).run();
    const Tally& tally = result.clients[0].measured;
    EXPECT_GT(static_cast<double>(tally.good), 0.995 * static_cast<double>(tally.offered));
    const auto limit_of_one = guard_of_law("fixed").law(1)->initial();
    EXPECT_EQ(result.services[0].limit_at_slice.front(), 20 * limit_of_one);
  }
}

TEST(World, AFaultHitsOnlyTheInstancesItNames) {
  ScenarioSpec spec = small(0.3);
  spec.services[0].instances = 4;
  spec.services[0].balancing = Balancing::kRoundRobin;
  spec.services[0].failures = {{at(0), at(20), 1.0, 1}};
  const RunResult result = World(spec, guard_of_law("fixed"), 1).run();
  const Tally& tally = result.clients[0].measured;
  EXPECT_NEAR(static_cast<double>(tally.failed) / static_cast<double>(tally.offered), 0.25, 0.01);
}

TEST(World, ACallThatTimesOutOrFailsIsTriedAgainWithinItsBudget) {
  ScenarioSpec spec;
  spec.services.resize(2);
  spec.services[0].calling.timeout = std::chrono::milliseconds(200);
  spec.services[0].calling.retries = 4;
  spec.services[1].failures = {{at(0), at(20), 0.5}};
  spec.routes[0].calls = {{1}, {}};
  spec.clients[0].rate = {{at(0), 200}};
  spec.clients[0].timeout = std::chrono::seconds(3);
  spec.measure_end = spec.end = at(20);
  const auto share_good = [&] {
    const RunResult result = World(spec, guard_of_law("fixed"), 1).run();
    const Tally& tally = result.clients[0].measured;
    return static_cast<double>(tally.good) / static_cast<double>(tally.offered);
  };
  EXPECT_NEAR(share_good(), 1 - std::pow(0.5, 5), 0.01);
  spec.services[0].calling.retry_budget = 0.1;  // 50 % good earn 5 %, and 10 a second come on top
  EXPECT_NEAR(share_good(), 0.5 + 0.05, 0.03);
}

TEST(World, ABreakerOfTheCallerSparesAServiceThatFails) {
  ScenarioSpec spec;
  spec.services.resize(2);
  spec.services[0].calling.breaker.emplace();
  spec.services[1].failures = {{at(5), at(15), 1.0}};
  spec.routes[0].calls = {{1}, {}};
  spec.clients[0].rate = {{at(0), 200}};
  spec.measure_end = spec.end = at(40);
  const RunResult result = World(spec, guard_of_law("fixed"), 1).run();
  EXPECT_LT(result.services[1].started, 200u * 40 * 9 / 10);
  const Tally after = sum(result.clients[0].slices, at(30), at(39));
  EXPECT_GT(static_cast<double>(after.good), 0.99 * static_cast<double>(after.offered));
}

TEST(World, ABulkheadBoundsOneRouteOnly) {
  ScenarioSpec spec = small(0.5);
  spec.services[0].guard = guard_of_law("fixed");
  spec.services[0].guard->bulkheads = {1, 0};
  spec.services[0].guard->queue = false;
  spec.routes.resize(2);
  spec.clients.resize(2, spec.clients[0]);
  spec.clients[1].route = 1;
  const RunResult result = World(spec, GuardSpec{}, 1).run();
  const auto full = static_cast<size_t>(Reason::kBulkheadFull);
  EXPECT_GT(result.clients[0].refused_by_reason[full], 100u);
  EXPECT_EQ(result.clients[1].measured.refused, 0u);
}

TEST(World, ARunThatDrainsLeavesNothingBehind) {
  ScenarioSpec spec = small(3);
  spec.drains = true;
  spec.exact_latencies = false;
  spec.clients[0].retries = 3;
  spec.services[0].slowdowns = {{at(19), at(25), 0}};  // stands still beyond the end
  const RunResult result = World(spec, guard_of_law("elastic"), 1).run();
  EXPECT_EQ(result.left_over, 0u);
  EXPECT_GT(result.drained_in, std::chrono::seconds(5));
  EXPECT_GT(result.clients[0].seen.count(), 1000u);
  EXPECT_TRUE(result.clients[0].latency.empty());
}

}  // namespace
}  // namespace weir::sim
