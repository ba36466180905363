// What `weir lab demo --kafka` does, has seen, and whether its claims held. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/demo_result.h"

namespace weir::lab {

/// The story and its numbers: a topic of orders, and a service that takes them.
struct KafkaDemoPlan {
  // Healthy, then the service is slow, then it has healed and the lag is worked off.
  Duration warm = std::chrono::seconds(6);
  Duration slow = std::chrono::seconds(16);
  Duration drain_max = std::chrono::seconds(60);

  uint32_t workers = 16;  ///< of the service
  Duration time = std::chrono::milliseconds(20);
  double slow_factor = 10;
  double rate = 400;  ///< records a second, at all times
  int partitions = 6;
  int keys = 1000;

  Duration slow_from() const { return warm; }
  Duration slow_to() const { return warm + slow; }
  /// Records a second that the service can take: 16 workers of 20 ms are 800/s, a tenth is 80/s.
  double capacity() const { return workers / to_seconds(time); }
  double degraded_capacity() const { return capacity() / slow_factor; }
  /// The lag to expect at the end of the slow stretch, in records.
  double lag_expected() const { return (rate - degraded_capacity()) * to_seconds(slow); }
};

/// One look at everything.
struct KafkaSample {
  Duration at{};           ///< since production began
  uint64_t produced = 0;   ///< durable in the topic
  uint64_t served = 0;     ///< answered by the service
  uint64_t busy = 0;       ///< workers of the service
  uint64_t queued = 0;     ///< waiting inside the service
  uint64_t in_flight = 0;  ///< of the bridge
  uint64_t limit = 0;      ///< of the bridge
  uint64_t dead = 0;       ///< records given up
  uint64_t retried = 0;    ///< deliveries that failed by whatever cause
  uint64_t lag() const { return produced > served ? produced - served : 0; }
};

struct KafkaDemoResult {
  KafkaDemoPlan plan;
  std::vector<KafkaSample> samples;  ///< in order; the last when all was served or time was up
};

/// Records served a second between two times, from the samples nearest to them.
double served_rate(const KafkaDemoResult& result, Duration from, Duration to);

/// When the lag of the slow stretch was worked off: below a quarter of a second of production.
/// Duration::max() if never.
Duration drained_at(const KafkaDemoResult& result);

/// For claims_text() of demo_result.h.
std::vector<Claim> judge(const KafkaDemoResult& result);

/// The stretches of the story as a table.
std::string kafka_demo_table(const KafkaDemoResult& result);

}  // namespace weir::lab
