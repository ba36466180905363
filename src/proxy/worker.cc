#include "proxy/worker.h"

#include <random>
#include <utility>

#include "proxy/downstream_h1.h"
#include "proxy/downstream_h2.h"
#include "proxy/downstream_opening.h"
#include "weir/base/assert.h"

namespace weir::proxy {
namespace {

// Request ids must differ between processes and workers; nothing here must be reproducible.
uint64_t random_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

Worker::Worker(uint16_t index, const Options& options,
               const std::vector<std::unique_ptr<Cluster>>& clusters, const RouteTable& routes,
               WakeOthers& others, observe::Log* log)
    : index_(index),
      options_(options),
      routes_(routes),
      others_(others),
      rng_(random_seed()),
      explain_log_(observe::system_wall_clock() - loop_.now().time_since_epoch().count()),
      heartbeat_timer_(loop_.timers(), net::Callback::to<&Worker::beat>(this)),
      drain_timer_(loop_.timers(), net::Callback::to<&Worker::stop>(this)),
      pump_task_(net::Callback::to<&Worker::pump>(this)),
      drain_task_(net::Callback::to<&Worker::begin_drain>(this)),
      stop_task_(net::Callback::to<&Worker::stop>(this)) {
  for (const auto& cluster : clusters)
    services_.push_back(std::make_unique<UpstreamService>(*this, *cluster, log));
  if (options.trace) explain_log_.enable_spans();
  loop_.set_turn_end(net::Callback::to<&Worker::on_turn_end>(this));
  beat();
}

Worker::~Worker() {
  stop();
  bury();
}

void Worker::bury() {
  graveyard_.clear();
  for (const auto& service : services_) service->pool().bury();
}

void Worker::listen(net::Fd socket, const Certificates* certificates) {
  certificates_ = certificates;
  net::AcceptHandler& self = *this;
  listener_ = std::make_unique<net::Listener>(loop_, std::move(socket), self);
}

void Worker::on_accept(net::Fd connection, const net::Address& peer) {
  if (certificates_ != nullptr || options_.proxy_protocol) {
    keep(std::make_unique<DownstreamOpening>(*this, std::move(connection), peer));
  } else {
    Caller caller{.address = peer.host(), .fd = connection.get()};
    net::Transport transport(std::move(connection));
    keep(std::make_unique<DownstreamH1>(*this, std::move(transport), std::move(caller)));
  }
  if (connection_count() >= options_.connections_max) listener_->pause();
}

void Worker::keep(std::unique_ptr<Downstream> connection) {
  connections_.push_front(std::move(connection));
  connections_.front()->place = connections_.begin();
  connection_count_.store(connection_count() + 1, std::memory_order_relaxed);
}

void Worker::adopt_h1(net::Transport transport, Caller caller) {
  auto connection = std::make_unique<DownstreamH1>(*this, std::move(transport), std::move(caller));
  DownstreamH1& h1 = *connection;
  keep(std::move(connection));
  h1.start();
}

void Worker::adopt_h2(net::Transport transport, Caller caller, std::string_view received) {
  auto connection = std::make_unique<DownstreamH2>(*this, std::move(transport), std::move(caller));
  DownstreamH2& h2 = *connection;
  keep(std::move(connection));
  h2.start(received);
}

void Worker::retire(Downstream& connection) noexcept {
  graveyard_.splice(graveyard_.begin(), connections_, connection.place);
  connection_count_.store(connection_count() - 1, std::memory_order_relaxed);
  if (listener_ != nullptr && !draining_) listener_->resume();
}

Exchange& Worker::take_exchange() {
  if (free_exchanges_.empty()) {
    exchanges_.push_back(std::make_unique<Exchange>(*this));
    return *exchanges_.back();
  }
  Exchange& exchange = *free_exchanges_.back();
  free_exchanges_.pop_back();
  return exchange;
}

void Worker::pump() {
  for (const auto& service : services_) service->pump();
}

void Worker::pump_wanted() {
  for (const auto& service : services_) service->pump_if_wanted();
}

void Worker::on_turn_end() {
  pump_wanted();
  flushes_.run();
  pump_wanted();
  if (!flushes_.empty()) loop_.hurry();
  bury();
  if (draining_) end_drain_if_done();
}

void Worker::beat() {
  heartbeat_.store(loop_.now(), std::memory_order_relaxed);
  for (const auto& service : services_) {
    service->refusal_log().beat(loop_.now());
    service->pool().beat();
  }
  heartbeat_timer_.arm(loop_.now() + kHeartbeat);
}

void Worker::begin_drain() {
  if (std::exchange(draining_, true)) return;
  if (listener_ != nullptr) listener_->stop();
  for (auto next = connections_.begin(); next != connections_.end();) (*next++)->drain();
  for (const auto& service : services_) service->pool().drain();
  drain_timer_.arm(loop_.now() + options_.timeouts.drain);
}

void Worker::end_drain_if_done() {
  if (connections_.empty()) loop_.stop();
}

void Worker::stop() {
  draining_ = true;
  if (listener_ != nullptr) listener_->stop();
  while (!connections_.empty()) connections_.front()->close();
  for (const auto& service : services_) service->pool().drain();
  loop_.stop();
}

}  // namespace weir::proxy
