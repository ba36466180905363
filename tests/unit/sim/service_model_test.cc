#include "sim/service_model.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weir::sim {
namespace {

using std::chrono::milliseconds;

Instant at_ms(int64_t ms) {
  return Instant{} + milliseconds(ms);
}

TEST(Pace, WithoutFaultsWorkTakesItsTime) {
  Pace pace({}, {});
  EXPECT_EQ(pace.finish(at_ms(5), milliseconds(20)), at_ms(25));
}

TEST(Pace, ASlowdownStretchesOnlyThePartInsideIt) {
  Pace pace({{at_ms(100), at_ms(200), 0.5}}, {});
  EXPECT_EQ(pace.finish(at_ms(80), milliseconds(20)), at_ms(100));
  // 10 ms before, 20 ms of work take 40 ms inside
  EXPECT_EQ(pace.finish(at_ms(90), milliseconds(30)), at_ms(140));
  // 50 ms of work inside take all its 100 ms, the last 10 ms run after it
  EXPECT_EQ(pace.finish(at_ms(100), milliseconds(60)), at_ms(210));
}

TEST(Pace, APauseHoldsWorkUntilItsEnd) {
  Pace pace({{at_ms(100), at_ms(150), 0}}, {});
  EXPECT_EQ(pace.finish(at_ms(95), milliseconds(10)), at_ms(155));
  EXPECT_EQ(pace.finish(at_ms(120), milliseconds(10)), at_ms(160));
}

TEST(Pace, AQuotaStopsTheServiceForTheRestOfEachPeriod) {
  Pace pace({}, {milliseconds(100), 0.5});
  EXPECT_EQ(pace.finish(at_ms(0), milliseconds(40)), at_ms(40));
  EXPECT_EQ(pace.finish(at_ms(40), milliseconds(20)), at_ms(110));
  EXPECT_EQ(pace.finish(at_ms(60), milliseconds(120)), at_ms(320));
}

TEST(ServiceTime, EveryDistributionHasTheMeanItIsAskedFor) {
  for (auto kind : {ServiceTime::Kind::kConstant, ServiceTime::Kind::kExponential,
                    ServiceTime::Kind::kBimodal, ServiceTime::Kind::kLognormal}) {
    Rng rng(17);
    const ServiceTime time{.kind = kind};
    double total = 0;
    constexpr int kDraws = 400'000;
    for (int i = 0; i < kDraws; ++i) total += to_seconds(draw(time, rng));
    EXPECT_NEAR(total / kDraws, 0.020, 0.0002) << static_cast<int>(kind);
  }
}

TEST(Fifo, KeepsItsOrderWhileItGrows) {
  Fifo fifo;
  uint32_t in = 0, out = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 7; ++i) fifo.push(in++);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(fifo.pop(), out++);
  }
  EXPECT_EQ(fifo.size(), 400u);
}

TEST(ServiceModel, ContentionMakesWorkDearerBeyondTheWorkers) {
  ServiceSpec spec;
  spec.workers = 2;
  spec.time.kind = ServiceTime::Kind::kConstant;
  spec.contention = 0.5;
  ServiceModel model(spec, Rng(1));
  EXPECT_EQ(model.start(at_ms(0)).finish, at_ms(20));
  model.enqueue(1);
  model.enqueue(2);
  // two running and two waiting: n/K = 2, so 1 + 0.5 · 1 times the work
  EXPECT_EQ(model.start(at_ms(0)).finish, at_ms(30));
}

TEST(ServiceModel, RequestsSlowEachOtherDown) {
  ServiceSpec spec;
  spec.workers = 8;
  spec.time = {.kind = ServiceTime::Kind::kConstant, .mean = std::chrono::milliseconds(10)};
  const auto third = [&] {  // what the third request costs with two inside
    ServiceModel model(spec, Rng(1), 0);
    (void)model.start(Instant{}, 1);
    (void)model.start(Instant{}, 1);
    return to_seconds(model.start(Instant{}, 1).finish - Instant{});
  };
  EXPECT_DOUBLE_EQ(third(), 0.010);
  spec.scalability = {.serial = 0.1, .coherency = 0.01};
  EXPECT_NEAR(third(), 0.010 * (1 + 0.1 * 2 + 0.01 * 3 * 2), 1e-9);
  spec.scalability = {};
  spec.thrashing = {.above = 0.25, .factor = 5};  // from the third on
  EXPECT_NEAR(third(), 0.050, 1e-9);
  spec.thrashing = {};
  spec.workers = 2;
  spec.contention = 0.5;
  EXPECT_NEAR(third(), 0.010 * (1 + 0.5 * (3 / 2.0 - 1)), 1e-9);
}

}  // namespace
}  // namespace weir::sim
