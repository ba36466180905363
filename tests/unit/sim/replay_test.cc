#include "sim/replay.h"

#include <gtest/gtest.h>

#include "proxy/recording.h"
#include "sim/contestants.h"
#include "sim/window_merge.h"
#include "sim/world.h"
#include "weir/control/registry.h"

namespace weir::sim {
namespace {

Instant at(double second) {
  return Instant{} + from_seconds(second);
}

struct Recorded {
  std::string bytes;
  RunResult result;
};

// A simulated service, recorded as the proxy records: 16 workers of 20 ms, 800 a second.
Recorded record(const std::string& law, double load, bool slow = false) {
  ScenarioSpec spec;
  spec.services[0].workers = 16;
  spec.services[0].time.kind = ServiceTime::Kind::kLognormal;
  spec.services[0].time.sigma = 0.5;
  if (slow) spec.services[0].slowdowns = {{at(20), at(30), 0.25}};
  spec.clients[0].rate = {{at(0), 0.5 * 800}, {at(10), load * 800}};
  spec.clients[0].timeout = std::chrono::seconds(1);
  spec.clients[0].tells_deadline = false;
  spec.measure_end = spec.end = at(40);
  GuardSpec guard = guard_of_law(law);
  guard.law = [law](uint64_t) { return make_limit(law, ReplayOptions{}.seed); };
  World world(spec, guard, 3);
  Recorded recorded;
  proxy::append_recording_header(recorded.bytes);
  proxy::RecordedUpstream upstream;
  upstream.name = "shop";
  upstream.law = law;
  upstream.limit_max = guard.limit_max;
  proxy::append_entry(recorded.bytes, upstream);
  world.on_decision = [&](uint32_t, const LimitChange& change) {
    proxy::append_entry(recorded.bytes, 0, change);
  };
  recorded.result = world.run();
  return recorded;
}

ReplayOptions with_law(const std::string& law) {
  ReplayOptions options;
  options.law = law;
  return options;
}

ReplayOptions of_upstream(const std::string& upstream) {
  ReplayOptions options;
  options.upstream = upstream;
  return options;
}

double good_of(const Recorded& recorded) {
  const Tally& tally = recorded.result.clients[0].measured;
  return static_cast<double>(tally.good) / static_cast<double>(tally.offered);
}

TEST(Replay, TheRecordedLawGivesTheRecordedLimitsAgain) {
  for (const char* law : {"elastic", "vegas", "gradient2", "brpc", "aimd"}) {
    const auto done = replay(record(law, 2).bytes, {});
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->law, law);
    EXPECT_GT(done->decisions, 30u) << law;
    EXPECT_EQ(done->same_limit, 1.0) << law;
  }
}

TEST(Replay, AnotherLawGivesOthers) {
  const auto done = replay(record("elastic", 2).bytes, with_law("vegas"));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->recorded_law, "elastic");
  EXPECT_LT(done->same_limit, 0.5);
  EXPECT_EQ(done->seconds.size(), 40u);
}

TEST(Replay, TheModelKnowsTheServiceAndWhatCameOut) {
  const Recorded recorded = record("elastic", 2);
  const auto done = replay(recorded.bytes, {});
  ASSERT_TRUE(done);
  EXPECT_NEAR(done->service.service_seconds, 0.020, 0.002);
  EXPECT_NEAR(done->service.workers, 16, 3);
  EXPECT_TRUE(done->service.saturated);
  EXPECT_NEAR(done->recorded_in_model.good, good_of(recorded), 0.05);
}

TEST(Replay, ASlowStretchShowsInTheSpeedOfTheModel) {
  const Recorded recorded = record("elastic", 0.9, true);
  const auto done = replay(recorded.bytes, {});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->service.speed[15], 1);
  EXPECT_NEAR(done->service.speed[25], 0.25, 0.06);
  EXPECT_NEAR(done->recorded_in_model.good, good_of(recorded), 0.05);
}

TEST(Replay, WithoutSaturationItSaysThatTheCapacityIsUnknown) {
  const auto done = replay(record("elastic", 0.5).bytes, {});
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->service.saturated);
  EXPECT_NE(to_text(*done).find("nothing is known of the capacity"), std::string::npos);
}

TEST(Replay, TellsLawsAndUpstreamsThatDoNotExist) {
  const std::string bytes = record("aimd", 1).bytes;
  EXPECT_EQ(replay(bytes, with_law("vegsa")).error().message,
            "there is no law 'vegsa'; did you mean 'vegas'?");
  const auto upstream = replay(bytes, of_upstream("shoop"));
  EXPECT_EQ(upstream.error().message, "there is no upstream 'shoop'; did you mean 'shop'?");
  EXPECT_EQ(upstream.error().kind, ErrorKind::kUsage);
  EXPECT_EQ(replay("nonsense", {}).error().kind, ErrorKind::kConfig);
}

TEST(Replay, GivesTheSameBytesEachTime) {
  const std::string bytes = record("elastic", 2).bytes;
  const auto one = replay(bytes, with_law("gradient2"));
  const auto two = replay(bytes, with_law("gradient2"));
  EXPECT_EQ(to_json(*one), to_json(*two));
  EXPECT_EQ(to_html(*one), to_html(*two));
}

TEST(WindowMerger, MakesLongWindowsOfShortOnes) {
  WindowMerger merger;
  const WindowSpec spec{std::chrono::milliseconds(25), 10, std::chrono::seconds(1)};
  for (int i = 0; i < 3; ++i) {
    WindowStats window;
    window.begin = at(0.01 * i);
    window.end = at(0.01 * (i + 1));
    window.successes = 4;
    window.inflight_peak = static_cast<uint32_t>(i);
    window.cpu_used_ratio = 0.3 * i;
    for (int k = 0; k < 4; ++k) window.latency.record(std::chrono::milliseconds(5));
    const auto complete = merger.add(window, spec);
    ASSERT_EQ(complete.has_value(), i == 2);
    if (!complete) continue;
    EXPECT_EQ(complete->begin, at(0));
    EXPECT_EQ(complete->successes, 12u);
    EXPECT_EQ(complete->samples(), 12u);
    EXPECT_EQ(complete->inflight_peak, 2u);
    EXPECT_NEAR(complete->cpu_used_ratio, 0.3, 1e-9);
  }
}

}  // namespace
}  // namespace weir::sim
