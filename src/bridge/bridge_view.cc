#include "bridge/bridge_view.h"

namespace weir::bridge {

using observe::ComponentState;
using observe::Metric;

void BridgeView::collect(observe::MetricSink& sink) const {
  const BridgeStats stats = bridge_.stats();
  const std::string& topic = bridge_.options().consume.topic;
  for (const PartitionStats& one : stats.partitions) {
    const std::string partition = std::to_string(one.partition);
    if (one.lag >= 0)
      sink.value(Metric::kKafkaLag, {topic, partition}, static_cast<double>(one.lag));
    if (one.position >= 0)
      sink.value(Metric::kKafkaCommitted, {topic, partition}, static_cast<double>(one.position));
  }
  const auto count = [&](Metric metric, uint64_t value) {
    sink.value(metric, {topic}, static_cast<double>(value));
  };
  count(Metric::kKafkaInflight, stats.in_flight);
  count(Metric::kKafkaHeldBytes, stats.bytes);
  count(Metric::kKafkaParkedKeys, stats.parked_keys);
  count(Metric::kKafkaFetched, stats.fetched);
  count(Metric::kKafkaTaken, stats.taken);
  count(Metric::kKafkaRemedies, stats.stalls);
  sink.value(Metric::kConcurrencyLimit, {topic}, stats.limit);
  const auto by = [&](Metric metric, const char* label, uint64_t value) {
    sink.value(metric, {topic, label}, static_cast<double>(value));
  };
  by(Metric::kKafkaDeliveries, to_string(Answer::kDelivered), stats.delivered);
  by(Metric::kKafkaDeliveries, to_string(Answer::kOverloaded), stats.overloaded);
  by(Metric::kKafkaDeliveries, to_string(Answer::kUnreachable), stats.unreachable);
  by(Metric::kKafkaDeliveries, to_string(Answer::kFailed), stats.failed);
  by(Metric::kKafkaDeliveries, to_string(Answer::kTimedOut), stats.timed_out);
  by(Metric::kKafkaDeliveries, to_string(Answer::kRejected), stats.rejected);
  by(Metric::kKafkaMoves, "retry", stats.retried);
  by(Metric::kKafkaMoves, "follow", stats.followed);
  by(Metric::kKafkaMoves, "dead_letter", stats.dead);
  by(Metric::kKafkaCommits, "sent", stats.commits);
  by(Metric::kKafkaCommits, "failed", stats.commit_errors);
}

std::vector<ComponentState> BridgeView::components() const {
  const BridgeStats stats = bridge_.stats();
  const BridgeOptions& options = bridge_.options();
  const std::string& topic = options.consume.topic;
  std::vector<ComponentState> all;
  all.push_back({.kind = "limiter",
                 .upstream = topic,
                 .state = stats.holding ? "holding" : "flowing",
                 .value = static_cast<double>(stats.in_flight),
                 .bound = stats.limit,
                 .unit = "requests",
                 .why = stats.holding ? "every answer said overload, so one record at a time tests "
                                        "the service"
                                      : "the last decision of the law " + options.deliver.law});
  all.push_back({.kind = "breaker",
                 .upstream = topic,
                 .state = stats.breaker,
                 .unit = "requests",
                 .why = "failures and missing connections of the last 10 s"});
  all.push_back({.kind = "memory",
                 .upstream = topic,
                 .value = static_cast<double>(stats.bytes),
                 .bound = static_cast<double>(options.consume.memory_max / 4 * 3),
                 .unit = "bytes",
                 .why = "three quarters of `memory`; the rest is for what is prefetched",
                 .figures = {{"held_records", static_cast<double>(stats.held)},
                             {"parked_keys", static_cast<double>(stats.parked_keys)}}});
  for (const PartitionStats& one : stats.partitions) {
    const bool stalled = one.stalled >= StallWatchdog::kRereadAfter;
    all.push_back({.kind = "partition",
                   .upstream = topic,
                   .name = std::to_string(one.partition),
                   .state = stalled ? "stalled" : "moving",
                   .value = static_cast<double>(one.lag),
                   .unit = "records",
                   .why = "lag: records from the position to the newest",
                   .figures = {{"position", static_cast<double>(one.position)},
                               {"held_records", static_cast<double>(one.held)},
                               {"stalled_seconds", to_seconds(one.stalled)}}});
  }
  return all;
}

}  // namespace weir::bridge
