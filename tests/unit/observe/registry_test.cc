#include "observe/registry.h"

#include <gtest/gtest.h>

#include <thread>

#include "observe/prometheus.h"

namespace weir::observe {
namespace {

using std::chrono::milliseconds;

TEST(Registry, SumsWhatEachWorkerCounted) {
  Registry registry(3);
  const Counter counter = registry.counter(Metric::kReloads, {"applied"});
  counter.add(0);
  counter.add(2, 41);
  EXPECT_EQ(counter.total(), 42u);
}

TEST(Registry, GivesTheSameSeriesForTheSameLabels) {
  Registry registry(1);
  registry.counter(Metric::kReloads, {"applied"}).add(0);
  registry.counter(Metric::kReloads, {"kept_old"}).add(0, 5);
  EXPECT_EQ(registry.counter(Metric::kReloads, {"applied"}).total(), 1u);
  EXPECT_EQ(registry.counter(Metric::kReloads, {"kept_old"}).total(), 5u);
}

TEST(Registry, SeriesNeverShareACell) {
  Registry registry(2);
  std::vector<Counter> counters;
  std::vector<DurationRecorder> recorders;
  for (int i = 0; i < 600; ++i) {  // more than one block of counters
    counters.push_back(registry.counter(Metric::kRetries, {std::to_string(i), "sent"}));
    if (i % 100 == 0)
      recorders.push_back(registry.duration(Metric::kQueueWait, {std::to_string(i)}));
  }
  for (uint64_t i = 0; i < counters.size(); ++i) counters[i].add(i % 2, i);
  for (const auto& recorder : recorders) recorder.record(1, milliseconds(3));
  for (uint64_t i = 0; i < counters.size(); ++i) EXPECT_EQ(counters[i].total(), i);
  for (const auto& recorder : recorders) {
    EXPECT_EQ(recorder.merged().count(), 1u);
    EXPECT_EQ(recorder.merged().sum_ns(), 3e6);
  }
}

TEST(Registry, UnboundedLabelsEndInOneSeries) {
  Registry registry(1);
  for (size_t i = 0; i < Registry::kSeriesMax + 500; ++i)
    registry.counter(Metric::kReloads, {std::to_string(i)}).add(0);
  EXPECT_EQ(registry.counter(Metric::kReloads, {"one too many"}).total(), 500u);
}

TEST(Registry, RecordsDurationsOfAllWorkers) {
  Registry registry(2);
  const DurationRecorder recorder = registry.duration(Metric::kQueueWait, {"orders"});
  recorder.record(0, milliseconds(10));
  recorder.record(1, milliseconds(30));
  recorder.record(1, milliseconds(-1));
  const Histogram merged = recorder.merged();
  EXPECT_EQ(merged.count(), 3u);
  EXPECT_EQ(merged.sum_ns(), 40e6);
  EXPECT_NEAR(to_seconds(merged.quantile(1.0)), 0.030, 0.030 * 0.011);
}

TEST(Registry, CountsWhileSomebodyScrapes) {
  Registry registry(2);
  const Counter counter = registry.counter(Metric::kReloads, {"applied"});
  const DurationRecorder recorder = registry.duration(Metric::kQueueWait, {"orders"});
  constexpr uint64_t kRounds = 20'000;
  const auto work = [&](uint16_t worker) {
    for (uint64_t i = 0; i < kRounds; ++i) {
      counter.add(worker);
      recorder.record(worker, milliseconds(1));
    }
  };
  std::thread first(work, 0), second(work, 1);
  for (int i = 0; i < 20; ++i) render_prometheus(registry);
  first.join();
  second.join();
  EXPECT_EQ(counter.total(), 2 * kRounds);
  EXPECT_EQ(recorder.merged().count(), 2 * kRounds);
}

struct FixedSource final : MetricSource {
  void collect(MetricSink& sink) const override {
    sink.value(Metric::kInflight, {"orders"}, 118);
    sink.value(Metric::kSaturation, {"orders"}, 0.5);
  }
};

TEST(Prometheus, WritesFamiliesWithHelpTypeAndSortedByTheTable) {
  Registry registry(1);
  const FixedSource source;
  registry.add_source(source);
  registry.counter(Metric::kRequests, {"all", "CRITICAL", "success"}).add(0, 7);
  EXPECT_EQ(render_prometheus(registry),
            "# HELP weir_requests_total Requests that got an answer, by how they ended (success, "
            "failure, dropped, ignored, rejected).\n"
            "# TYPE weir_requests_total counter\n"
            "weir_requests_total{route=\"all\",priority=\"CRITICAL\",outcome=\"success\"} 7\n"
            "# HELP weir_inflight Admitted requests in flight now.\n"
            "# TYPE weir_inflight gauge\n"
            "weir_inflight{upstream=\"orders\"} 118\n"
            "# HELP weir_saturation_ratio In flight over the concurrency limit, 0 to 1: near 1 the "
            "next step is a queue, then a refusal.\n"
            "# TYPE weir_saturation_ratio gauge\n"
            "weir_saturation_ratio{upstream=\"orders\"} 0.5\n");
  registry.remove_source(source);
  EXPECT_EQ(render_prometheus(registry).find("weir_inflight"), std::string::npos);
}

TEST(Prometheus, HistogramBucketsAreCumulativeAndEndWithTheCount) {
  Registry registry(1);
  const DurationRecorder recorder = registry.duration(Metric::kQueueWait, {"orders"});
  recorder.record(0, std::chrono::nanoseconds(1));
  recorder.record(0, milliseconds(1));
  recorder.record(0, std::chrono::minutes(10));
  const std::string text = render_prometheus(registry);
  const auto has = [&](const std::string& line) {
    return text.find(line + "\n") != std::string::npos;
  };
  EXPECT_TRUE(has("weir_queue_wait_seconds_bucket{upstream=\"orders\",le=\"6.5536e-05\"} 1"))
      << text;
  EXPECT_TRUE(has("weir_queue_wait_seconds_bucket{upstream=\"orders\",le=\"0.000524288\"} 1"));
  EXPECT_TRUE(has("weir_queue_wait_seconds_bucket{upstream=\"orders\",le=\"0.001048576\"} 2"));
  EXPECT_TRUE(has("weir_queue_wait_seconds_bucket{upstream=\"orders\",le=\"68.7194767\"} 2"));
  EXPECT_TRUE(has("weir_queue_wait_seconds_bucket{upstream=\"orders\",le=\"+Inf\"} 3"));
  EXPECT_TRUE(has("weir_queue_wait_seconds_sum{upstream=\"orders\"} 600.001"));
  EXPECT_TRUE(has("weir_queue_wait_seconds_count{upstream=\"orders\"} 3"));
}

TEST(Prometheus, EscapesLabelValues) {
  Registry registry(1);
  registry.counter(Metric::kReloads, {"a\"b\\c\nd"}).add(0);
  EXPECT_NE(render_prometheus(registry).find("result=\"a\\\"b\\\\c\\nd\""), std::string::npos);
}

TEST(Metrics, TableIsInOrderAndNamedByTheConventions) {
  for (const MetricInfo& family : all_metrics()) {
    EXPECT_EQ(&family, &info(family.metric));
    EXPECT_TRUE(family.name.starts_with("weir_")) << family.name;
    EXPECT_EQ(family.name.ends_with("_total"), family.type == MetricType::kCounter) << family.name;
    EXPECT_EQ(family.name.ends_with("_seconds"), family.type == MetricType::kHistogram)
        << family.name;
    EXPECT_TRUE(family.help.ends_with(".")) << family.name;
  }
}

}  // namespace
}  // namespace weir::observe
