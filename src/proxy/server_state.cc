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

std::vector<observe::ComponentState> Server::components() const {
  const Limiter& limiter = cluster_->limiter();
  const PoolCounts counts = count_pools(workers_);
  std::vector<observe::ComponentState> all;

  observe::ComponentState limit;
  limit.kind = "limiter";
  limit.upstream = cluster_->name();
  limit.name = limiter.law().name();
  limit.value = limiter.inflight();
  limit.bound = limiter.limit();
  limit.unit = "requests";
  const LimitMove move = control_->last_move();
  limit.why = "law " + std::string(limiter.law().name()) + " moved it from " +
              std::to_string(move.before) + " to " + std::to_string(move.after) + " (" +
              to_string(move.cause) + ")";
  const auto& names = limiter.law().figure_names();
  for (size_t i = 0; i < 4 && !names[i].empty(); ++i)
    limit.figures.emplace_back(names[i], move.figures[i]);
  all.push_back(std::move(limit));

  observe::ComponentState queue;
  queue.kind = "queue";
  queue.upstream = cluster_->name();
  queue.value = cluster_->group().waiting();
  queue.bound = cluster_->queue_limit();
  queue.unit = "requests";
  queue.why = "its depth follows the limiter's limit, at most " +
              std::to_string(options_.queue.depth_max) + " a worker";
  all.push_back(std::move(queue));

  observe::ComponentState pool;
  pool.kind = "pool";
  pool.upstream = cluster_->name();
  pool.value = counts.active + counts.connecting;
  pool.bound = double{static_cast<double>(options_.upstream_connections_max)} *
               static_cast<double>(workers_.size() * cluster_->endpoints().size());
  pool.unit = "connections";
  pool.why = std::to_string(options_.upstream_connections_max) + " a worker and endpoint";
  pool.figures = {{"idle_connections", counts.idle}, {"connecting", counts.connecting}};
  all.push_back(std::move(pool));
  return all;
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
  const PoolCounts counts = count_pools(workers_);
  sink.value(Metric::kPoolConnections, {name, "active"}, counts.active);
  sink.value(Metric::kPoolConnections, {name, "idle"}, counts.idle);
  sink.value(Metric::kPoolConnections, {name, "connecting"}, counts.connecting);
  uint32_t connections = 0;
  for (const auto& worker : workers_) connections += worker->connection_count();
  sink.value(Metric::kConnections, {}, connections);
}

}  // namespace weir::proxy
