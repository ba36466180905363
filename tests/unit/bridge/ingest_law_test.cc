#include "bridge/ingest_law.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace weir::bridge {
namespace {

constexpr Duration kWindow = std::chrono::milliseconds(100);

/// A Kafka with a latency of its own and a capacity: in flight beyond their product only wait.
struct Kafka {
  double latency_s;
  double capacity;
};

/// Runs the law against it for `seconds` of producers that want more than there is; the limit.
uint32_t run(IngestLaw& law, const Kafka& kafka, double seconds, Instant& now, uint32_t limit) {
  double owed = 0;
  for (double t = 0; t < seconds; t += to_seconds(kWindow)) {
    const double latency = std::max(kafka.latency_s, limit / kafka.capacity);
    WindowStats window;
    window.begin = now;
    now += kWindow;
    window.end = now;
    owed += limit / latency * to_seconds(kWindow);
    window.successes = static_cast<uint64_t>(owed);
    owed -= static_cast<double>(window.successes);
    window.admitted = window.successes;
    window.limited = 5 * window.successes + 1;
    window.inflight = window.inflight_peak = limit;
    window.inflight_sum = static_cast<double>(limit) * static_cast<double>(window.admitted);
    window.limit = limit;
    for (uint64_t i = 0; i < window.successes; ++i) window.latency.record(from_seconds(latency));
    limit = law.update(window, now).limit;
  }
  return limit;
}

TEST(IngestLaw, HoldsTheLatencyAtTwiceTheLeastWhateverTheCapacity) {
  for (const Kafka kafka : {Kafka{0.010, 250}, Kafka{0.010, 2'000}, Kafka{0.003, 20'000}}) {
    IngestLaw law;
    Instant now{};
    // A moment without overload shows the least latency.
    run(law, {kafka.latency_s, 1e9}, 1, now, law.initial());
    const uint32_t limit = run(law, kafka, 20, now, law.initial());
    const double product = kafka.latency_s * kafka.capacity;
    EXPECT_LE(limit, std::max<double>(IngestLaw::kMin, std::ceil(2.5 * product))) << product;
    EXPECT_GE(limit, 0.7 * product) << "and its capacity is used";
  }
}

TEST(IngestLaw, ALimitFoundWhenAllWasWellIsCutWhenKafkaTurnsSlow) {
  IngestLaw law;
  Instant now{};
  const uint32_t well = run(law, {0.005, 10'000}, 10, now, law.initial());
  EXPECT_GE(well, 30u);
  const uint32_t slow = run(law, {0.005, 200}, 10, now, well);
  EXPECT_LE(slow, 10u);
}

TEST(IngestLaw, WithoutRefusalsNothingIsCut) {
  IngestLaw law;
  WindowStats window;
  window.begin = Instant{};
  window.end = Instant{} + kWindow;
  window.successes = window.admitted = 10;
  for (int i = 0; i < 10; ++i) window.latency.record(std::chrono::milliseconds(1));
  EXPECT_GE(law.update(window, window.end).limit, law.initial());
}

}  // namespace
}  // namespace weir::bridge
