#include "sim/gate_peer.h"

#include <gtest/gtest.h>

#include "sim/world.h"
#include "support/engine.h"

namespace weir::sim {
namespace {

using test::at;
using test::request;
using namespace std::chrono_literals;

RequestContext of(Criticality criticality, uint32_t cohort) {
  RequestContext context = request(criticality);
  context.cohort = static_cast<uint8_t>(cohort);
  return context;
}

/// A window of 100 arrivals, one a cohort of the sheddable, that waited `wait` inside.
void play(Dagor& gate, Duration wait, Instant begin) {
  for (uint32_t i = 0; i < 100; ++i) {
    (void)gate.admit(of(Criticality::kSheddable, i), begin);
    gate.observe_wait(wait, begin);
  }
}

TEST(Dagor, MovesItsLevelByTheHistogramOfArrivals) {
  Dagor gate;
  EXPECT_EQ(gate.level(), kShedLevelCount);
  play(gate, 21ms, at(0s));
  // Overloaded: 100 admitted, 95 wanted. Cohorts 127 to 100 had nobody, so the level is at 95.
  play(gate, 21ms, at(1s));
  EXPECT_EQ(gate.level(), shed_level(Criticality::kSheddable, 95));
  // 95 admitted, 90.25 wanted: five cohorts more.
  play(gate, 20ms, at(2s));
  EXPECT_EQ(gate.level(), shed_level(Criticality::kSheddable, 90));
  // 20 ms is not overloaded: 90 admitted and a hundredth of 100 more.
  play(gate, 0ms, at(3s));
  EXPECT_EQ(gate.level(), shed_level(Criticality::kSheddable, 91));
  EXPECT_FALSE(gate.admit(of(Criticality::kSheddable, 91), at(3s)));
  EXPECT_TRUE(gate.admit(of(Criticality::kCritical, 127), at(3s)));
}

TEST(Dagor, AWindowEndsWithTwoThousandArrivals) {
  Dagor gate;
  for (int i = 0; i < 20; ++i) play(gate, 30ms, at(0s));
  EXPECT_EQ(gate.level(), kShedLevelCount);
  (void)gate.admit(of(Criticality::kSheddable, 0), at(0s) + 1ms);
  EXPECT_LT(gate.level(), kShedLevelCount);
}

TEST(Breakwater, CreditsGrowByOneAndShrinkByTheExcess) {
  Breakwater gate({.clients = 100, .round_trip = 10ms, .target = 80ms});
  EXPECT_EQ(gate.credits(), 10);
  gate.observe_wait(79ms, at(0s));
  EXPECT_EQ(gate.credits(), 11);  // 0.001 · 100 < 1
  gate.observe_wait(160ms, at(5ms));
  EXPECT_EQ(gate.credits(), 11) << "once a round trip";
  gate.observe_wait(160ms, at(10ms));
  EXPECT_NEAR(gate.credits(), 11 * 0.98, 1e-9);  // 1 − 0.02·(160 − 80)/80
  gate.observe_wait(10s, at(20ms));
  EXPECT_NEAR(gate.credits(), 11 * 0.98 * 0.5, 1e-9);
}

TEST(Breakwater, ARequestHoldsACredit) {
  Breakwater gate({.clients = 20, .round_trip = 1h});
  EXPECT_TRUE(gate.admit(request(), at(0s)));
  EXPECT_TRUE(gate.admit(request(), at(0s)));  // it begins with a credit for a tenth of the clients
  EXPECT_FALSE(gate.admit(request(), at(0s)));
  gate.complete(Ticket{}, {});
  EXPECT_TRUE(gate.admit(request(), at(0s)));
  gate.complete(Ticket{}, {});
  gate.observe_wait(321ms, at(0s));
  EXPECT_FALSE(gate.admit(request(), at(0s))) << "waits are above twice the target";
}

TEST(Cinnamon, RefusesTheShareThatThePiControllerSays) {
  Cinnamon gate(nullptr);
  (void)gate.admit(of(Criticality::kSheddable, 0), at(0s));  // closes the window since the epoch
  for (uint32_t i = 1; i < 128; ++i) (void)gate.admit(of(Criticality::kSheddable, i), at(1ms));
  for (int i = 0; i < 64; ++i) gate.complete(Ticket{}, {Outcome::kSuccess, 0, at(0s), at(50ms)});
  (void)gate.admit(of(Criticality::kSheddable, 0), at(100ms));
  // in 128, out 64: e = 1; 0.1·1 + 1.4·1·0.1 s = 0.24; of 128 remembered at least 30.7: 31 cohorts
  EXPECT_NEAR(gate.ratio(), 0.24, 1e-9);
  EXPECT_EQ(gate.level(), shed_level(Criticality::kSheddable, 97));
  EXPECT_FALSE(gate.admit(of(Criticality::kSheddable, 97), at(101ms)));
  EXPECT_TRUE(gate.admit(of(Criticality::kSheddable, 96), at(101ms)));
}

TEST(GatePeer, StandsWithoutALimiter) {
  ScenarioSpec spec;
  spec.clients[0].rate = {{Instant{}, 6400}};
  spec.measure_end = spec.end = Instant{} + 5s;
  GuardSpec guard;
  guard.gate = [](const std::shared_ptr<const Limiter>&) { return std::make_shared<Dagor>(); };
  World world(spec, guard, 1);
  const RunResult result = world.run();
  EXPECT_GT(result.clients[0].measured.refused, 500u);
}

}  // namespace
}  // namespace weir::sim
