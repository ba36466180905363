#include "admin/monitor.h"

#include <gtest/gtest.h>

#include "admin/status.h"
#include "observe/registry.h"

namespace weir::admin {
namespace {

using namespace std::chrono_literals;
using observe::Metric;

struct FakeState final : observe::StateProvider {
  std::vector<observe::ComponentState> components() const override { return {}; }
  bool draining() const noexcept override { return is_draining; }
  bool dry_run() const noexcept override { return is_dry; }
  bool is_draining = false;
  bool is_dry = false;
};

struct Gauges final : observe::MetricSource {
  void collect(observe::MetricSink& sink) const override {
    sink.value(Metric::kInflight, {"orders"}, inflight);
    sink.value(Metric::kConcurrencyLimit, {"orders"}, limit);
    sink.value(Metric::kQueueDepth, {"orders"}, depth);
  }
  double inflight = 10;
  double limit = 100;
  double depth = 0;
};

// A process whose seconds pass when the test says so.
struct MonitorTest : testing::Test {
  MonitorTest() { registry.add_source(gauges); }
  ~MonitorTest() override { registry.remove_source(gauges); }

  void second(uint64_t served, Duration latency = 20ms, uint64_t refused = 0,
              const char* priority = "CRITICAL") {
    for (uint64_t i = 0; i < served; ++i) upstream.record(0, latency);
    requests("CRITICAL", "success").add(0, served);
    if (refused > 0) {
      requests(priority, "rejected").add(0, refused);
      registry
          .counter(state.is_dry ? Metric::kShadowRejections : Metric::kRejections,
                   {"orders", priority, "shed"})
          .add(0, refused);
    }
    pass();
  }

  void pass() {
    now += 1s;
    time_ms += 1000;
    monitor.tick(time_ms, now);
  }

  observe::Counter requests(const char* priority, const char* outcome) {
    return registry.counter(Metric::kRequests, {"default", priority, outcome});
  }

  observe::Registry registry{1};
  FakeState state;
  observe::EventRing events;
  Gauges gauges;
  observe::DurationRecorder upstream = registry.duration(Metric::kUpstreamDuration, {"orders"});
  Sources sources{registry, state, events, "1.2.3"};
  Monitor monitor{sources};
  Instant now{5s};
  int64_t time_ms = 1'000'000;
};

TEST_F(MonitorTest, SaysThatThereIsNoTrafficYet) {
  pass();
  EXPECT_EQ(monitor.status().level, Level::kIdle);
  EXPECT_EQ(monitor.status().sentence, "No traffic yet.");
}

TEST_F(MonitorTest, SaysThatAllIsWellWithFigures) {
  for (int i = 0; i < 5; ++i) second(100);
  EXPECT_EQ(monitor.status().level, Level::kOk);
  EXPECT_EQ(monitor.status().sentence,
            "All well on orders: 100 requests/s, p99 20 ms, 10 % of the limit in use.");
}

TEST_F(MonitorTest, SaysWhatIsShedOfWhatAndWhy) {
  gauges.limit = 118;
  for (int i = 0; i < 5; ++i) second(100);
  gauges.limit = 40;
  for (int i = 0; i < 5; ++i) second(88, 800ms, 12, "SHEDDABLE");
  EXPECT_EQ(monitor.status().level, Level::kShedding);
  EXPECT_EQ(monitor.status().sentence,
            "Shedding 100 % of SHEDDABLE on orders; CRITICAL unaffected; cause: shed, p99 801 ms, "
            "limit 118 → 40.");
}

TEST_F(MonitorTest, ADryRunRefusesNobodyAndSaysSo) {
  state.is_dry = true;
  for (int i = 0; i < 5; ++i) second(100, 20ms, 12);
  EXPECT_EQ(monitor.status().level, Level::kShedding);
  EXPECT_TRUE(monitor.status().sentence.starts_with("Would shed ")) << monitor.status().sentence;
  EXPECT_TRUE(monitor.status().sentence.ends_with("(dry run: nobody is refused)."));
}

TEST_F(MonitorTest, WarnsBeforeTheLimitIsReached) {
  for (int i = 0; i < 10; ++i) second(100);
  EXPECT_EQ(monitor.status().level, Level::kOk);
  for (int i = 0; i < 10 && monitor.status().level == Level::kOk; ++i) {
    gauges.inflight += 8;
    second(100);
  }
  EXPECT_EQ(monitor.status().level, Level::kRising) << monitor.status().sentence;
  EXPECT_LT(gauges.inflight, 90);
}

TEST_F(MonitorTest, WarnsOfAQueueAndOfASlowerUpstream) {
  for (int i = 0; i < 30; ++i) second(100);
  gauges.depth = 7;
  second(100);
  EXPECT_EQ(monitor.status().level, Level::kOk) << "one second is a burst";
  second(100);
  EXPECT_EQ(monitor.status().sentence,
            "Pressure is rising on orders: 7 requests wait in the queue. Nothing is refused yet.");
  gauges.depth = 0;
  second(100, 200ms);
  second(100, 200ms);
  EXPECT_EQ(monitor.status().level, Level::kRising) << monitor.status().sentence;
  EXPECT_NE(monitor.status().sentence.find("its p99 is 2"), std::string::npos);
}

TEST_F(MonitorTest, TellsFailuresOfTheUpstreamApart) {
  for (int i = 0; i < 5; ++i) {
    requests("CRITICAL", "failure").add(0, 25);
    second(75);
  }
  EXPECT_EQ(monitor.status().level, Level::kFailing);
  EXPECT_EQ(monitor.status().sentence,
            "25 % of the requests to orders fail there; weir refuses nothing.");
}

TEST_F(MonitorTest, DrainingIsToldBeforeAllElse) {
  state.is_draining = true;
  second(100, 20ms, 100);
  EXPECT_EQ(monitor.status().level, Level::kDraining);
}

TEST_F(MonitorTest, HistoryIsBoundedAndKeepsTheNewest) {
  for (size_t i = 0; i < History::kRowMax + 20; ++i) pass();
  EXPECT_EQ(monitor.history().rows().size(), History::kRowMax);
  EXPECT_EQ(monitor.history().rows().front().number, 21u);
  EXPECT_EQ(monitor.history().last_number(), History::kRowMax + 20);
}

TEST_F(MonitorTest, CountersBecomeRatesAndHistogramsQuantilesOfTheLastSecond) {
  second(100, 20ms);
  second(50, 40ms);
  const History& history = monitor.history();
  const auto value = [&](Metric metric, Stat stat) {
    for (size_t i = 0; i < history.series().size(); ++i)
      if (history.series()[i].metric == metric && history.series()[i].stat == stat)
        return static_cast<double>(history.rows().back().at(i));
    return -2.0;
  };
  EXPECT_DOUBLE_EQ(value(Metric::kRequests, Stat::kRate), 50);
  EXPECT_NEAR(value(Metric::kUpstreamDuration, Stat::kP50), 0.040, 0.001);
  EXPECT_NEAR(value(Metric::kUpstreamDuration, Stat::kMean), 2.0, 0.05);
  second(0);
  EXPECT_DOUBLE_EQ(value(Metric::kUpstreamDuration, Stat::kP50), double{History::kNothing});
}

TEST_F(MonitorTest, ANewViewerGetsTheHistoryAndThenEachSecond) {
  second(1);
  second(1);
  StreamFeed feed(monitor, "");
  std::string out;
  feed.pull(out);
  EXPECT_TRUE(out.starts_with("event: history\ndata: {\"epoch\":1001000,\"resumed\":false,"));
  EXPECT_NE(out.find("[1001000,"), std::string::npos);
  EXPECT_NE(out.find("event: tick\nid: 1001000.2\n"), std::string::npos);
  out.clear();
  feed.pull(out);
  EXPECT_EQ(out, "");
  second(1);
  feed.pull(out);
  EXPECT_TRUE(out.starts_with("event: tick\nid: 1001000.3\n")) << out;
}

TEST_F(MonitorTest, AReconnectedViewerGetsWhatItMissed) {
  for (int i = 0; i < 5; ++i) second(1);
  StreamFeed feed(monitor, "1001000.3");
  std::string out;
  feed.pull(out);
  EXPECT_NE(out.find("\"resumed\":true"), std::string::npos);
  EXPECT_EQ(out.find("[1003000,"), std::string::npos);
  EXPECT_NE(out.find("[1004000,"), std::string::npos);
  EXPECT_NE(out.find("[1005000,"), std::string::npos);
}

TEST_F(MonitorTest, IdsOfAnEarlierProcessMeanNothing) {
  second(1);
  StreamFeed feed(monitor, "77.1");
  std::string out;
  feed.pull(out);
  EXPECT_NE(out.find("\"resumed\":false"), std::string::npos);
}

}  // namespace
}  // namespace weir::admin
