#include "sim/replay_model.h"

#include <algorithm>
#include <cmath>

#include "sim/contestants.h"
#include "sim/world.h"

namespace weir::sim {
namespace {

// A second in which more than this share met the limit tells what the service can do when full.
constexpr double kSaturatedShare = 0.05;

// Below this many answers a second says too little about its speed.
constexpr double kAnswersMin = 20;

// A change of speed below this is noise: near the knee, the latency of one second of Poisson
// arrivals wanders by a fifth.
constexpr double kSpeedNoise = 0.25;

// Without saturation nothing is known of the capacity; this leaves room above what was seen.
constexpr double kRoom = 3;

bool is_saturated(const ReplaySecond& second) {
  return second.limited > kSaturatedShare * second.demand && second.good > 0;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double variation_of(const Histogram& latency) {
  const double mean = to_seconds(latency.mean());
  if (latency.count() < 2 || mean <= 0) return 1;
  double squares = 0;
  for (int i = 0; i < HistogramShape::kBuckets; ++i) {
    const double away = HistogramShape::middle_ns(i) * 1e-9 - mean;
    squares += static_cast<double>(latency.count_at(i)) * away * away;
  }
  return std::sqrt(squares / static_cast<double>(latency.count())) / mean;
}

// Saturated, the speed shows in throughput; else it shows in latency.
double speed_of(const ReplaySecond& second, const ServiceEstimate& service) {
  if (second.good < kAnswersMin) return 1;
  const double speed = is_saturated(second)
                           ? second.good * service.service_seconds / service.workers
                           : service.service_seconds / std::max(second.mean, 1e-9);
  return std::abs(speed - 1) < kSpeedNoise ? 1 : std::clamp(speed, 0.01, 10.0);
}

ServiceTime time_of(const ServiceEstimate& service) {
  ServiceTime time;
  time.mean = from_seconds(service.service_seconds);
  // Quite regular work is taken for constant; a lognormal follows any other spread.
  constexpr double kRegular = 0.1;
  time.kind =
      service.variation < kRegular ? ServiceTime::Kind::kConstant : ServiceTime::Kind::kLognormal;
  time.sigma = std::sqrt(std::log1p(service.variation * service.variation));
  return time;
}

ScenarioSpec scenario_of(const ServiceEstimate& service, const std::vector<ReplaySecond>& seconds) {
  ScenarioSpec spec;
  spec.name = "what if";
  spec.exact_latencies = false;
  ServiceSpec& one = spec.services[0];
  one.workers = std::max(1u, static_cast<uint32_t>(std::lround(service.workers)));
  one.time = time_of(service);
  ClientSpec& client = spec.clients[0];
  // Callers' time-outs are not in a recording: a second, or twenty times the service's own.
  client.timeout = from_seconds(std::max(1.0, 20 * service.service_seconds));
  client.tells_deadline = false;
  for (size_t i = 0; i < seconds.size(); ++i) {
    const Instant begin = Instant{} + std::chrono::seconds(i);
    client.rate.push_back({begin, seconds[i].demand});
    if (service.speed[i] != 1)
      one.slowdowns.push_back({begin, begin + std::chrono::seconds(1), service.speed[i]});
  }
  spec.end = spec.measure_end = Instant{} + std::chrono::seconds(seconds.size());
  return spec;
}

}  // namespace

ServiceEstimate estimate_service(const std::vector<ReplaySecond>& seconds,
                                 const Histogram& latency) {
  ServiceEstimate service;
  // The median of the seconds, not the mean of all: a slow stretch must not pass for the usual.
  std::vector<double> usual;
  for (const ReplaySecond& second : seconds)
    if (!is_saturated(second) && second.mean > 0) usual.push_back(second.mean);
  service.service_seconds = usual.empty() ? to_seconds(latency.mean()) : median(usual);
  service.variation = variation_of(latency);
  // The busiest second tells the knee if the limit was reached in it, else that it is not below.
  double busiest = 0;
  for (const ReplaySecond& second : seconds) {
    busiest = std::max(busiest, second.good);
    service.saturated |= is_saturated(second);
  }
  const double room = service.saturated ? 1 : kRoom;
  service.workers = std::max(1.0, busiest * service.service_seconds * room);
  for (const ReplaySecond& second : seconds) service.speed.push_back(speed_of(second, service));
  return service;
}

WhatIf simulate_law(const std::string& law, const ServiceEstimate& service,
                    const std::vector<ReplaySecond>& seconds, uint64_t seed) {
  const ScenarioSpec spec = scenario_of(service, seconds);
  const GuardSpec guard = guard_of_law(law);
  const RunResult result = World(spec, guard, seed).run();
  const ClientResult& client = result.clients[0];
  const auto offered = static_cast<double>(std::max<uint64_t>(1, client.measured.offered));
  WhatIf what;
  what.law = law;
  what.good = std::min(1.0, static_cast<double>(client.measured.good) / offered);
  what.refused = static_cast<double>(client.measured.refused) / offered;
  what.p50 = to_seconds(client.seen.quantile(0.5));
  what.p99 = to_seconds(client.seen.quantile(0.99));
  constexpr size_t kSlicesInSecond = 10;
  for (size_t i = 0; i < seconds.size(); ++i) {
    const Instant begin = Instant{} + std::chrono::seconds(i);
    const Tally tally = sum(client.slices, begin, begin + std::chrono::seconds(1));
    what.good_by_second.push_back(static_cast<double>(tally.good));
    const auto& limits = result.services[0].limit_at_slice;
    const size_t last = std::min((i + 1) * kSlicesInSecond, limits.size());
    what.limit_by_second.push_back(last > 0 ? limits[last - 1] : 0);
  }
  return what;
}

}  // namespace weir::sim
