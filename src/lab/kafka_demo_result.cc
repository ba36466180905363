#include "lab/kafka_demo_result.h"

#include <algorithm>

#include "lab/format.h"

namespace weir::lab {
namespace {

using namespace std::chrono_literals;

// The bounds of the claims.
constexpr double kHealthyLagSeconds = 1;  // of production
constexpr double kOfCapacityMin = 0.9;
constexpr double kInsideSeconds = 2;  // of the slow service's work
// The law notices within some answers of 200 ms; meanwhile what the healthy service was given is
// inside.
constexpr Duration kNotice = 3s;
constexpr double kDrainedSeconds = 0.25;
// At first the limit has to grow again; a drain is judged without its first second.
constexpr Duration kOpening = 1s;

const KafkaSample& nearest(const KafkaDemoResult& result, Duration at) {
  return *std::min_element(result.samples.begin(), result.samples.end(),
                           [at](const KafkaSample& a, const KafkaSample& b) {
                             return std::max(a.at - at, at - a.at) < std::max(b.at - at, at - b.at);
                           });
}

template <typename Value>
uint64_t most(const KafkaDemoResult& result, Duration from, Duration to, Value value) {
  uint64_t found = 0;
  for (const KafkaSample& sample : result.samples)
    if (sample.at >= from && sample.at < to) found = std::max(found, value(sample));
  return found;
}

unsigned long long printable(uint64_t number) {
  return number;
}

}  // namespace

double served_rate(const KafkaDemoResult& result, Duration from, Duration to) {
  if (result.samples.empty()) return 0;
  const KafkaSample& first = nearest(result, from);
  const KafkaSample& last = nearest(result, to);
  if (last.at <= first.at) return 0;
  return static_cast<double>(last.served - first.served) / to_seconds(last.at - first.at);
}

Duration drained_at(const KafkaDemoResult& result) {
  const double enough = kDrainedSeconds * result.plan.rate;
  for (const KafkaSample& sample : result.samples)
    if (sample.at > result.plan.slow_to() && static_cast<double>(sample.lag()) < enough)
      return sample.at;
  return Duration::max();
}

std::vector<Claim> judge(const KafkaDemoResult& result) {
  const KafkaDemoPlan& plan = result.plan;
  const Duration from = plan.slow_from();
  const Duration to = plan.slow_to();
  const auto lag = [](const KafkaSample& sample) { return sample.lag(); };
  std::vector<Claim> claims;

  const uint64_t healthy = most(result, {}, from, lag);
  const double healthy_max = kHealthyLagSeconds * plan.rate;
  claims.push_back({"while all is well, records do not wait",
                    format("%llu of lag at most", printable(healthy)),
                    format("<= %.0f, a second's worth", healthy_max),
                    static_cast<double>(healthy) <= healthy_max});

  const double slow = served_rate(result, from + kNotice, to);
  const double slow_min = kOfCapacityMin * plan.degraded_capacity();
  claims.push_back({"the slow service is used to what it can bear",
                    format("%.1f/s of %.0f/s", slow, plan.degraded_capacity()),
                    format(">= %.0f/s", slow_min), slow >= slow_min});

  const uint64_t inside =
      most(result, from + kNotice, to, [](const KafkaSample& s) { return s.queued; });
  const double inside_max = kInsideSeconds * plan.degraded_capacity();
  claims.push_back({"and not flooded: the lag waits in Kafka, not inside the service",
                    format("%llu inside, %llu in Kafka", printable(inside),
                           printable(most(result, from, to, lag))),
                    format("<= %.0f, two seconds of its work", inside_max),
                    static_cast<double>(inside) <= inside_max});

  const Duration drained = drained_at(result);
  const bool did = drained != Duration::max();
  const double drain = did ? served_rate(result, to + kOpening, drained) : 0;
  const double drain_min = kOfCapacityMin * plan.capacity();
  claims.push_back(
      {"after it has healed, the lag is worked off as fast as it can",
       did ? format("%.0f/s of %.0f/s, in %.1f s", drain, plan.capacity(), to_seconds(drained - to))
           : std::string("not in this run"),
       format(">= %.0f/s", drain_min), drain >= drain_min});

  const KafkaSample last = result.samples.empty() ? KafkaSample{} : result.samples.back();
  claims.push_back({"every record is delivered once, and none is given up",
                    format("%llu produced, %llu served, %llu given up", printable(last.produced),
                           printable(last.served), printable(last.dead)),
                    "equal, and 0",
                    last.produced > 0 && last.produced == last.served && last.dead == 0});
  return claims;
}

std::string kafka_demo_table(const KafkaDemoResult& result) {
  struct Stretch {
    const char* name;
    Duration from;
    Duration to;
  };
  const KafkaDemoPlan& plan = result.plan;
  const Duration end = result.samples.empty() ? Duration::zero() : result.samples.back().at;
  const Duration drained = std::min(drained_at(result), end);
  const std::vector<Stretch> stretches{{"all is well", {}, plan.slow_from()},
                                       {"ten times slower", plan.slow_from(), plan.slow_to()},
                                       {"healed, draining", plan.slow_to(), drained}};
  std::string out = format("%-18s %10s %10s %12s %14s\n", "", "produced/s", "served/s",
                           "lag at most", "in flight max");
  for (const Stretch& stretch : stretches) {
    const uint64_t lag =
        most(result, stretch.from, stretch.to, [](const KafkaSample& s) { return s.lag(); });
    const uint64_t flight =
        most(result, stretch.from, stretch.to, [](const KafkaSample& s) { return s.in_flight; });
    out += format("%-18s %10.0f %10.0f %12llu %14llu\n", stretch.name, plan.rate,
                  served_rate(result, stretch.from, stretch.to), printable(lag), printable(flight));
  }
  return out;
}

}  // namespace weir::lab
