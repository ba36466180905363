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
};

PoolCounts count_pools(const std::vector<std::unique_ptr<Worker>>& workers) {
  PoolCounts counts;
  for (const auto& worker : workers) {
    counts.active += worker->pool().active();
    counts.idle += worker->pool().idle();
    counts.connecting += worker->pool().connecting();
  }
  return counts;
}

}  // namespace

observe::ComponentState Server::limiter_state() const {
  const Limiter& limiter = cluster_->limiter();
  const LimitMove move = control_->last_move();
  const std::string law(limiter.law().name());
  observe::ComponentState state;
  state.kind = "limiter";
  state.upstream = cluster_->name();
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

observe::ComponentState Server::queue_state() const {
  observe::ComponentState state;
  state.kind = "queue";
  state.upstream = cluster_->name();
  state.value = cluster_->group().waiting();
  state.bound = cluster_->queue_limit();
  state.unit = "requests";
  state.why = "its depth follows the limiter's limit, at least " +
              std::to_string(options_.queue.depth_min) + " and at most " +
              std::to_string(options_.queue.depth_max) + " a worker";
  return state;
}

observe::ComponentState Server::retry_budget_state() const {
  const RetryBudget& budget = cluster_->retry_budget();
  const Instant now = net::SteadyClock::instance().now();
  observe::ComponentState state;
  state.kind = "retry_budget";
  state.upstream = cluster_->name();
  state.value = budget.options().tokens_max - budget.tokens(now);
  state.bound = budget.options().tokens_max;
  state.unit = "retries";
  state.why = "a success pays for a part of a retry, and time for a few a second";
  state.figures = {{"tokens_a_success", budget.options().ratio},
                   {"tokens_per_second", budget.options().min_rate}};
  return state;
}

observe::ComponentState Server::pool_state() const {
  const PoolCounts counts = count_pools(workers_);
  const size_t pools = workers_.size() * cluster_->endpoints().size();
  observe::ComponentState state;
  state.kind = "pool";
  state.upstream = cluster_->name();
  state.value = counts.active + counts.connecting;
  state.bound = static_cast<double>(options_.upstream_connections_max * pools);
  state.unit = "connections";
  state.why = std::to_string(options_.upstream_connections_max) + " a worker and endpoint";
  state.figures = {{"idle_connections", counts.idle}, {"connecting", counts.connecting}};
  return state;
}

std::vector<observe::ComponentState> Server::components() const {
  return {limiter_state(), queue_state(), retry_budget_state(), pool_state()};
}

Duration Server::stalled_for() const noexcept {
  const Instant now = net::SteadyClock::instance().now();
  Duration worst{};
  for (const auto& worker : workers_)
    worst = std::max(worst, now - worker->heartbeat() - Worker::kHeartbeat);
  return worst;
}

void Server::collect(observe::MetricSink& sink) const {
  using observe::Metric;
  const std::string& name = cluster_->name();
  const Limiter& limiter = cluster_->limiter();
  const double inflight = limiter.inflight();
  const double limit = limiter.limit();
  sink.value(Metric::kInflight, {name}, inflight);
  sink.value(Metric::kInflightPeak, {name}, control_->inflight_peak());
  sink.value(Metric::kConcurrencyLimit, {name}, limit);
  sink.value(Metric::kSaturation, {name}, std::min(1.0, inflight / limit));
  sink.value(Metric::kQueueDepth, {name}, cluster_->group().waiting());
  sink.value(Metric::kQueueLimit, {name}, cluster_->queue_limit());
  sink.value(Metric::kRetryBudget, {name},
             cluster_->retry_budget().fill_ratio(net::SteadyClock::instance().now()));
  const PoolCounts counts = count_pools(workers_);
  sink.value(Metric::kPoolConnections, {name, "active"}, counts.active);
  sink.value(Metric::kPoolConnections, {name, "idle"}, counts.idle);
  sink.value(Metric::kPoolConnections, {name, "connecting"}, counts.connecting);
  uint32_t connections = 0;
  for (const auto& worker : workers_) connections += worker->connection_count();
  sink.value(Metric::kConnections, {}, connections);
}

}  // namespace weir::proxy
