#include "proxy/server.h"

#include <sched.h>

#include <algorithm>
#include <utility>

namespace weir::proxy {

uint16_t Server::worker_count(const Options& options) noexcept {
  if (options.workers != 0) return std::min(options.workers, kGateMax);
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return static_cast<uint16_t>(std::clamp<int>(CPU_COUNT(&cpus), 1, kGateMax));
}

Expected<std::unique_ptr<Server>> Server::make(const Options& options, observe::Registry& registry,
                                               Observers observers) {
  const uint16_t workers = worker_count(options);
  if (options.upstreams.empty()) {
    return Unexpected<Error>(
        Error{ErrorKind::kUsage, "there is no upstream", "name one with --to http://HOST:PORT"});
  }
  Clusters clusters;
  for (const UpstreamOptions& upstream : options.upstreams) {
    auto cluster =
        Cluster::make(upstream, options.bulkheads, workers, net::SteadyClock::instance().now());
    if (!cluster) return Unexpected<Error>(cluster.error());
    clusters.push_back(std::move(*cluster));
  }
  auto routes = RouteTable::make(options, clusters, registry);
  if (!routes) return Unexpected<Error>(routes.error());
  const auto address = net::Address::resolve(options.listen);
  if (!address) return Unexpected<Error>(address.error());
  std::unique_ptr<Certificates> certificates;
  if (!options.tls.identities.empty()) {
    auto read = Certificates::make(options.tls);
    if (!read) return Unexpected<Error>(read.error());
    certificates = std::move(*read);
  }
  auto sockets = net::open_listeners(*address, workers);
  if (!sockets) return Unexpected<Error>(sockets.error());
  std::unique_ptr<Recorder> recorder;
  if (!options.record.path.empty()) {
    auto opened = Recorder::open(options.record);
    if (!opened) return Unexpected<Error>(opened.error());
    recorder = std::move(*opened);
  }
  return std::unique_ptr<Server>(new Server(options, registry, std::move(clusters),
                                            std::move(*routes), std::move(certificates),
                                            std::move(*sockets), observers, std::move(recorder)));
}

Server::Server(const Options& options, observe::Registry& registry, Clusters clusters,
               RouteTable routes, std::unique_ptr<Certificates> certificates,
               std::vector<net::Fd> sockets, Observers observers,
               std::unique_ptr<Recorder> recorder)
    : options_(options),
      certificates_(std::move(certificates)),
      recorder_(std::move(recorder)),
      registry_(registry),
      clusters_(std::move(clusters)),
      routes_(std::move(routes)),
      address_(net::bound_address(sockets.front().get())),
      observers_(observers) {
  const uint16_t workers = worker_count(options_);
  // Connections inherit what is set on the socket they come from.
  if (!address_.is_unix())
    for (const net::Fd& socket : sockets) bound_buffers(socket.get(), options_);
  WakeOthers& others = *this;
  for (uint16_t i = 0; i < workers; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(i, options_, clusters_, routes_, others, observers_.log));
    // A Unix path has one socket for all; the first worker takes it.
    if (i < sockets.size()) workers_.back()->listen(std::move(sockets[i]), certificates_.get());
  }
  for (const auto& cluster : clusters_) {
    control_.push_back(std::make_unique<ControlLoop>(first_loop(), *cluster, others, workers,
                                                     registry_, observers_.events, observers_.log,
                                                     recorder_.get()));
    if (cluster->options().health)
      health_.push_back(std::make_unique<HealthChecker>(first_loop(), *cluster, observers_.log));
  }
  make_explain_reader();
  if (certificates_ != nullptr) {
    certificate_timer_ = std::make_unique<net::Timer>(
        first_loop().timers(), net::Callback::to<&Server::check_certificates>(this));
    check_certificates();
  }
  registry_.add_source(*this);
}

Server::~Server() {
  registry_.remove_source(*this);
}

void Server::run() {
  for (size_t i = 1; i < workers_.size(); ++i)
    threads_.emplace_back([worker = workers_[i].get()] { worker->run(); });
  workers_.front()->run();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Server::reload_certificates() {
  if (certificates_ == nullptr) return;
  const auto done = certificates_->reload();
  if (observers_.log == nullptr) return;
  if (done) {
    observers_.log->write(observe::LogLevel::kInfo, "certificates_reloaded",
                          "new connections get the certificates as they are now");
  } else {
    observers_.log->write(observe::LogLevel::kError, "certificates_kept",
                          done.error().message + "; the old ones stay in use");
  }
}

void Server::check_certificates() {
  constexpr Duration kEvery = std::chrono::seconds(2);
  if (certificates_->changed()) reload_certificates();
  certificate_timer_->arm(first_loop().now() + kEvery);
}

void Server::drain() noexcept {
  const bool again = draining_.exchange(true, std::memory_order_relaxed);
  if (!again && observers_.events != nullptr) {
    observe::ControlEvent event;
    event.kind = observe::EventKind::kDrain;
    event.at = net::SteadyClock::instance().now();
    event.wall_ns = observe::system_wall_clock();
    event.after = 1;
    event.cause = "asked";
    observers_.events->put(event);
  }
  for (const auto& cluster : clusters_) cluster->drain();
  for (const auto& worker : workers_) worker->request_drain();
}

void Server::stop() noexcept {
  for (const auto& worker : workers_) worker->request_stop();
}

void Server::wake(int worker) noexcept {
  workers_[static_cast<size_t>(worker)]->request_pump();
}

}  // namespace weir::proxy
