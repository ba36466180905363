#include <gtest/gtest.h>

#include "observe/prometheus.h"

namespace weir::observe {
namespace {

using namespace std::chrono_literals;

TEST(OpenMetrics, CountersLoseTheirSuffixInTheFamilyAndItEndsWithEof) {
  Registry registry(1);
  registry.counter(Metric::kReloads, {"applied"}).add(0, 3);
  const std::string text = render_open_metrics(registry, {});
  EXPECT_NE(text.find("# TYPE weir_reload counter\n"), text.npos) << text;
  EXPECT_NE(text.find("weir_reload_total{result=\"applied\"} 3\n"), text.npos);
  EXPECT_TRUE(text.ends_with("# EOF\n"));
  EXPECT_EQ(render_prometheus(registry).find("# EOF"), text.npos);
}

TEST(OpenMetrics, TheNewestRequestOfABucketIsItsExemplar) {
  Registry registry(1);
  registry.duration(Metric::kRequestDuration, {"default"}).record(0, 40ms);
  ExemplarBook book;
  book.put(Metric::kRequestDuration, "default", {"old", 0.040, 1.0});
  book.put(Metric::kRequestDuration, "default", {"new", 0.041, 2.5});
  const std::string text = render_open_metrics(registry, book);
  // 2^26 ns is 67 ms, the first bound above 41 ms.
  const std::string expected =
      "weir_request_duration_seconds_bucket{route=\"default\",le=\"0.067108864\"} 1 "
      "# {request_id=\"new\"} 0.041 2.500\n";
  EXPECT_NE(text.find(expected), text.npos) << text;
  EXPECT_EQ(text.find("old"), text.npos);
  EXPECT_EQ(render_prometheus(registry).find("request_id"), text.npos);
}

TEST(OpenMetrics, AnExemplarLiesInItsBucket) {
  ExemplarBook book;
  for (const double seconds : {0.0, 1e-9, 0.001, 1.0, 68.0, 1e9}) {
    const std::string id = std::to_string(seconds);
    book.put(Metric::kQueueWait, id, {id, seconds, 0});
    int found = 0;
    for (int octave = 0; octave < 64; ++octave) {
      if (book.find(Metric::kQueueWait, id, octave) == nullptr) continue;
      ++found;
      if (octave <= 36) {
        EXPECT_LE(seconds, static_cast<double>(1ULL << octave) * 1e-9);
      }
      if (octave > 16) {
        EXPECT_GT(seconds, static_cast<double>(1ULL << (octave - 1)) * 1e-9);
      }
    }
    EXPECT_EQ(found, 1) << id;
  }
}

}  // namespace
}  // namespace weir::observe
