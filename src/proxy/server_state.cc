// What the server tells about itself: the state of what can refuse, and the gauges. Reads atomics
// only.
#include <algorithm>
#include <string>

#include "proxy/server.h"

namespace weir::proxy {
namespace {

struct PoolCounts {
  uint32_t active = 0;
  uint32_t idle = 0;
  uint32_t connecting = 0;
  uint32_t ejected = 0;  // endpoints, by the worker that ejected most
};

PoolCounts count_pools(const std::vector<std::unique_ptr<Worker>>& workers, size_t cluster) {
  PoolCounts counts;
  for (const auto& worker : workers) {
    const UpstreamPool& pool = worker->pool(cluster);
    counts.active += pool.active();
    counts.idle += pool.idle();
    counts.connecting += pool.connecting();
    counts.ejected = std::max(counts.ejected, pool.ejected());
  }
  return counts;
}

observe::ComponentState queue_state(const Cluster& cluster) {
  const QueueOptions& options = cluster.options().queue;
  observe::ComponentState state;
  state.kind = "queue";
  state.upstream = cluster.name();
  state.value = cluster.waiting();
  state.bound = cluster.queue_limit();
  state.unit = "requests";
  state.why = "its depth follows the limiter's limit, at least " +
              std::to_string(options.depth_min) + " and at most " +
              std::to_string(options.depth_max) + " a worker";
  return state;
}

observe::ComponentState breaker_state(const Cluster& cluster) {
  const Breaker& breaker = *cluster.breaker();
  const Instant now = net::SteadyClock::instance().now();
  const CallRates rates = breaker.rates(now);
  observe::ComponentState state;
  state.kind = "breaker";
  state.upstream = cluster.name();
  state.state = to_string(breaker.state());
  state.value = rates.failed_ratio();
  state.bound = breaker.options().failed_ratio;
  state.unit = "ratio";
  state.why = "it opens when this share of at least " +
              std::to_string(breaker.options().calls_min) + " calls failed";
  std::array<BreakerTransition, 1> last;
  const uint32_t before = (breaker.generation() - 1) & 0xffff;
  if (breaker.generation() != 0 && breaker.transitions_after(before, last) == 1)
    state.why = std::string("since its last change, by ") + to_string(last[0].cause);
  state.figures = {{"calls", static_cast<double>(rates.calls())},
                   {"slow_ratio", rates.slow_ratio()},
                   {"slow_ratio_bound", breaker.options().slow_ratio}};
  if (breaker.state() != BreakerState::kClosed) {
    state.figures.emplace_back("seconds_left", std::max(0.0, to_seconds(breaker.until() - now)));
  }
  return state;
}

observe::ComponentState retry_budget_state(const Cluster& cluster) {
  const RetryBudget& budget = cluster.retry_budget();
  const Instant now = net::SteadyClock::instance().now();
  observe::ComponentState state;
  state.kind = "retry_budget";
  state.upstream = cluster.name();
  state.value = budget.options().tokens_max - budget.tokens(now);
  state.bound = budget.options().tokens_max;
  state.unit = "retries";
  state.why = "a success pays for a part of a retry, and time for a few a second";
  state.figures = {{"tokens_a_success", budget.options().ratio},
                   {"tokens_per_second", budget.options().min_rate}};
  return state;
}

std::string name_of(const Compartment& compartment) {
  return compartment.name.empty() ? "(rest)" : compartment.name;
}

observe::ComponentState bulkhead_state(const Cluster& cluster, const Compartment& compartment) {
  const Bulkhead& bulkhead = *compartment.bulkhead;
  observe::ComponentState state;
  state.kind = "bulkhead";
  state.upstream = cluster.name();
  state.name = name_of(compartment);
  state.value = bulkhead.inflight();
  state.bound = bulkhead.max();
  state.unit = "requests";
  state.why = "its share of the limit, " + std::to_string(bulkhead.reserve()) +
              " of it kept for nobody else";
  state.figures = {{"reserve", bulkhead.reserve()},
                   {"borrowed", bulkhead.borrowed()},
                   {"waiting", compartment.group->waiting()}};
  return state;
}

}  // namespace

observe::ComponentState Server::limiter_state(size_t cluster) const {
  const Limiter& limiter = clusters_[cluster]->limiter();
  const LimitMove move = control_[cluster]->last_move();
  const std::string law(limiter.law().name());
  observe::ComponentState state;
  state.kind = "limiter";
  state.upstream = clusters_[cluster]->name();
  state.name = law;
  state.value = limiter.inflight();
  state.bound = limiter.limit();
  state.unit = "requests";
  state.why = "law " + law + " moved it from " + std::to_string(move.before) + " to " +
              std::to_string(move.after) + " (" + to_string(move.cause) + ")";
  if (move.before == move.after) state.why = "where law " + law + " starts";
  const auto& names = limiter.law().figure_names();
  for (size_t i = 0; i < 4 && !names[i].empty(); ++i)
    state.figures.emplace_back(names[i], move.figures[i]);
  return state;
}

observe::ComponentState Server::pool_state(size_t cluster) const {
  const UpstreamOptions& options = clusters_[cluster]->options();
  const PoolCounts counts = count_pools(workers_, cluster);
  const size_t pools = workers_.size() * clusters_[cluster]->endpoints().size();
  observe::ComponentState state;
  state.kind = "pool";
  state.upstream = clusters_[cluster]->name();
  state.value = counts.active + counts.connecting;
  state.bound = static_cast<double>(options.connections_max * pools);
  state.unit = "connections";
  state.why = std::to_string(options.connections_max) + " a worker and endpoint";
  state.figures = {{"idle_connections", counts.idle},
                   {"connecting", counts.connecting},
                   {"ejected_endpoints", counts.ejected},
                   {"ill_endpoints", clusters_[cluster]->health().ill_count()}};
  return state;
}

std::vector<observe::ComponentState> Server::components() const {
  std::vector<observe::ComponentState> states;
  for (size_t i = 0; i < clusters_.size(); ++i) {
    const Cluster& cluster = *clusters_[i];
    states.push_back(limiter_state(i));
    states.push_back(queue_state(cluster));
    for (const Compartment& compartment : cluster.compartments())
      if (compartment.bulkhead != nullptr) states.push_back(bulkhead_state(cluster, compartment));
    if (cluster.breaker() != nullptr) states.push_back(breaker_state(cluster));
    states.push_back(retry_budget_state(cluster));
    states.push_back(pool_state(i));
  }
  return states;
}

Duration Server::stalled_for() const noexcept {
  const Instant now = net::SteadyClock::instance().now();
  Duration worst{};
  for (const auto& worker : workers_)
    worst = std::max(worst, now - worker->heartbeat() - Worker::kHeartbeat);
  return worst;
}

void Server::collect_cluster(size_t index, observe::MetricSink& sink) const {
  using observe::Metric;
  const Cluster& cluster = *clusters_[index];
  const std::string& name = cluster.name();
  const double inflight = cluster.limiter().inflight();
  const double limit = cluster.limiter().limit();
  sink.value(Metric::kInflight, {name}, inflight);
  sink.value(Metric::kInflightPeak, {name}, control_[index]->inflight_peak());
  sink.value(Metric::kConcurrencyLimit, {name}, limit);
  sink.value(Metric::kSaturation, {name}, std::min(1.0, inflight / limit));
  sink.value(Metric::kQueueDepth, {name}, cluster.waiting());
  sink.value(Metric::kQueueLimit, {name}, cluster.queue_limit());
  sink.value(Metric::kRetryBudget, {name},
             cluster.retry_budget().fill_ratio(net::SteadyClock::instance().now()));
  for (const Compartment& compartment : cluster.compartments()) {
    if (compartment.bulkhead == nullptr) continue;
    const std::string bulkhead = name_of(compartment);
    sink.value(Metric::kBulkheadInflight, {name, bulkhead}, compartment.bulkhead->inflight());
    sink.value(Metric::kBulkheadLimit, {name, bulkhead}, compartment.bulkhead->max());
  }
  if (cluster.breaker() != nullptr) {
    for (const BreakerState state :
         {BreakerState::kClosed, BreakerState::kOpen, BreakerState::kHalfOpen})
      sink.value(Metric::kBreakerState, {name, to_string(state)},
                 cluster.breaker()->state() == state ? 1 : 0);
  }
  sink.value(Metric::kCredits, {name}, cluster.credits(net::SteadyClock::instance().now()));
  const PoolCounts counts = count_pools(workers_, index);
  sink.value(Metric::kPoolConnections, {name, "active"}, counts.active);
  sink.value(Metric::kPoolConnections, {name, "idle"}, counts.idle);
  sink.value(Metric::kPoolConnections, {name, "connecting"}, counts.connecting);
}

void Server::collect(observe::MetricSink& sink) const {
  for (size_t i = 0; i < clusters_.size(); ++i) collect_cluster(i, sink);
  uint32_t connections = 0;
  for (const auto& worker : workers_) connections += worker->connection_count();
  sink.value(observe::Metric::kConnections, {}, connections);
}

}  // namespace weir::proxy
