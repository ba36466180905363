#include "proxy/upstream_pool.h"

#include <algorithm>
#include <utility>

#include "proxy/caller.h"
#include "proxy/worker.h"

namespace weir::proxy {
namespace {

// Single writer: the loop; a load and a store do.
void add(std::atomic<uint32_t>& count, int delta) noexcept {
  count.store(count.load(std::memory_order_relaxed) + static_cast<uint32_t>(delta),
              std::memory_order_relaxed);
}

uint32_t get(const std::atomic<uint32_t>& count) noexcept {
  return count.load(std::memory_order_relaxed);
}

}  // namespace

UpstreamPool::UpstreamPool(Worker& worker, const Cluster& cluster)
    : worker_(worker),
      options_(cluster.options()),
      health_(cluster.health()),
      balancer_(cluster.options().balance, cluster.endpoints().size()) {
  for (const Endpoint& endpoint : cluster.endpoints())
    endpoints_.push_back(&storage_.emplace_back(endpoint, endpoints_.size()));
}

UpstreamPool::~UpstreamPool() {
  for (UpstreamH1& connection : connections_) connection.close();
  for (UpstreamH2& connection : h2_connections_) connection.close();
}

// FNV-1a: what the ring needs of it is that equal keys are equal.
uint64_t UpstreamPool::hash_of(const Attempt& attempt) const noexcept {
  if (options_.balance.policy != BalancePolicy::kRingHash) return 0;
  std::string_view key = attempt.caller().address;
  if (!options_.hash_header.empty()) key = attempt.request().headers.value(options_.hash_header);
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : key) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

void UpstreamPool::end_try(Attempt& attempt, const TryResult& result) noexcept {
  if (attempt.endpoint == Attempt::kNoEndpoint) return;
  balancer_.end(std::exchange(attempt.endpoint, Attempt::kNoEndpoint), result,
                worker_.loop().now());
  if (result.outcome == Outcome::kFailure || result.timed_out) beat();
}

void UpstreamPool::hear_load(const Attempt& attempt, const LoadReport& report) noexcept {
  if (attempt.endpoint == Attempt::kNoEndpoint) return;
  balancer_.report_load(attempt.endpoint, report.rps, report.utilization(), worker_.loop().now());
}

void UpstreamPool::beat() noexcept {
  ejected_.store(static_cast<uint32_t>(balancer_.ejected_count(worker_.loop().now())),
                 std::memory_order_relaxed);
}

void UpstreamPool::follow_health(Instant now) noexcept {
  health_version_ = health_.version();
  for (size_t i = 0; i < health_.size(); ++i) balancer_.set_healthy(i, health_.healthy(i), now);
}

void UpstreamPool::open(Attempt& attempt) {
  const Instant now = worker_.loop().now();
  if (health_.version() != health_version_) follow_health(now);
  attempt.endpoint = balancer_.choose(hash_of(attempt), now, worker_.rng());
  attempt.opened_at = now;
  balancer_.begin(attempt.endpoint);
  PoolEndpoint& endpoint = *endpoints_[attempt.endpoint];
  if (endpoint.h2) return open_h2(endpoint, attempt);
  if (UpstreamH1* connection = endpoint.idle_newest) {
    unlink_idle(*connection);
    add(endpoint.active, 1);
    return connection->assign(attempt);
  }
  if (!is_full(endpoint, attempt)) connect(endpoint, attempt);
}

bool UpstreamPool::is_full(PoolEndpoint& endpoint, Attempt& attempt) {
  const uint32_t used = get(endpoint.active) + get(endpoint.connecting);
  if (used < options_.connections_max) return false;
  attempt.on_pool_full(used, options_.connections_max);
  return true;
}

// An empty one when that failed at once, which the attempt was told.
net::Transport UpstreamPool::open_transport(PoolEndpoint& endpoint, Attempt& attempt) {
  auto fd = net::open_connection(endpoint.address);
  if (!fd) {
    mark_down(endpoint);
    attempt.on_failed({Fault::kConnectRefused, true, false, {}});
    return net::Transport();
  }
  if (!endpoint.address.is_unix()) bound_buffers(fd->get(), worker_.options());
  std::unique_ptr<net::TlsSession> tls;
  if (endpoint.tls != nullptr)
    tls = std::make_unique<net::TlsSession>(endpoint.tls, fd->get(), endpoint.tls_host,
                                            endpoint.resumption);
  return net::Transport(std::move(*fd), std::move(tls));
}

void UpstreamPool::connect(PoolEndpoint& endpoint, Attempt& attempt) {
  net::Transport transport = open_transport(endpoint, attempt);
  if (!transport) return;
  UpstreamH1& connection = connections_.emplace_front(worker_, *this, endpoint);
  connection.place = connections_.begin();
  add(endpoint.connecting, 1);
  attempt.on_connecting(connection);
  connection.connect(std::move(transport), attempt);
}

void UpstreamPool::open_h2(PoolEndpoint& endpoint, Attempt& attempt) {
  for (UpstreamH2* connection : endpoint.multiplexed) {
    if (connection->takes_more()) return connection->open_stream(attempt);
  }
  if (is_full(endpoint, attempt)) return;
  net::Transport transport = open_transport(endpoint, attempt);
  if (!transport) return;
  UpstreamH2& connection = h2_connections_.emplace_front(worker_, *this, endpoint);
  connection.place = h2_connections_.begin();
  endpoint.multiplexed.push_back(&connection);
  add(endpoint.connecting, 1);
  connection.connect(std::move(transport));
  connection.open_stream(attempt);
}

void UpstreamPool::h2_connected(UpstreamH2& connection) {
  PoolEndpoint& endpoint = connection.endpoint();
  mark_up(endpoint);
  add(endpoint.connecting, -1);
  add(endpoint.active, 1);
}

void UpstreamPool::h2_connect_failed(UpstreamH2& connection, Fault fault) {
  mark_down(connection.endpoint());
  connection.fail_all({fault, true, false, {}});
  h2_discard(connection);
}

void UpstreamPool::h2_discard(UpstreamH2& connection) {
  if (connection.closed()) return;
  PoolEndpoint& endpoint = connection.endpoint();
  add(connection.stood() ? endpoint.active : endpoint.connecting, -1);
  std::erase(endpoint.multiplexed, &connection);
  connection.close();
  h2_graveyard_.splice(h2_graveyard_.begin(), h2_connections_, connection.place);
}

void UpstreamPool::note_streams(PoolEndpoint& endpoint, int delta) noexcept {
  endpoint.streams += static_cast<uint32_t>(delta);
}

void UpstreamPool::connected(UpstreamH1& connection) {
  PoolEndpoint& endpoint = connection.endpoint();
  mark_up(endpoint);
  add(endpoint.connecting, -1);
  add(endpoint.active, 1);
  if (Attempt* attempt = connection.attempt()) return connection.assign(*attempt);
  release(connection);
}

void UpstreamPool::connect_failed(UpstreamH1& connection, Fault fault) {
  mark_down(connection.endpoint());
  Attempt* attempt = connection.attempt();
  discard(connection);
  if (attempt != nullptr) attempt->on_failed({fault, true, false, {}});
}

void UpstreamPool::mark_up(PoolEndpoint& endpoint) noexcept {
  balancer_.connected(endpoint.index, worker_.loop().now());
}

void UpstreamPool::mark_down(PoolEndpoint& endpoint) noexcept {
  balancer_.connect_failed(endpoint.index, worker_.loop().now());
}

void UpstreamPool::release(UpstreamH1& connection) {
  PoolEndpoint& endpoint = connection.endpoint();
  // One that names its caller serves nobody else.
  const bool named = proxy_protocol() != 0;
  if (draining_ || named || get(endpoint.idle) >= options_.idle_max) return discard(connection);
  add(endpoint.active, -1);
  push_idle(connection);
  connection.rest(worker_.loop().now() + worker_.options().timeouts.upstream_idle);
}

void UpstreamPool::discard(UpstreamH1& connection) {
  PoolEndpoint& endpoint = connection.endpoint();
  switch (connection.state()) {
    case UpstreamH1::State::kClosed: return;
    case UpstreamH1::State::kConnecting: add(endpoint.connecting, -1); break;
    case UpstreamH1::State::kIdle: unlink_idle(connection); break;
    case UpstreamH1::State::kBusy: add(endpoint.active, -1); break;
  }
  connection.close();
  graveyard_.splice(graveyard_.begin(), connections_, connection.place);
}

void UpstreamPool::drain() {
  draining_ = true;
  for (PoolEndpoint* endpoint : endpoints_)
    while (endpoint->idle_newest != nullptr) discard(*endpoint->idle_newest);
  for (auto next = h2_connections_.begin(); next != h2_connections_.end();) (next++)->retire();
}

void UpstreamPool::push_idle(UpstreamH1& connection) noexcept {
  PoolEndpoint& endpoint = connection.endpoint();
  connection.next_idle = endpoint.idle_newest;
  connection.prev_idle = nullptr;
  if (endpoint.idle_newest != nullptr) endpoint.idle_newest->prev_idle = &connection;
  endpoint.idle_newest = &connection;
  add(endpoint.idle, 1);
}

void UpstreamPool::unlink_idle(UpstreamH1& connection) noexcept {
  PoolEndpoint& endpoint = connection.endpoint();
  if (connection.prev_idle != nullptr) connection.prev_idle->next_idle = connection.next_idle;
  if (connection.next_idle != nullptr) connection.next_idle->prev_idle = connection.prev_idle;
  if (endpoint.idle_newest == &connection) endpoint.idle_newest = connection.next_idle;
  connection.next_idle = connection.prev_idle = nullptr;
  add(endpoint.idle, -1);
}

uint32_t UpstreamPool::sum(std::atomic<uint32_t> PoolEndpoint::*count) const noexcept {
  uint32_t total = 0;
  for (const PoolEndpoint* endpoint : endpoints_) total += get(endpoint->*count);
  return total;
}

}  // namespace weir::proxy
