// Server: the proxy as a whole. Reads as what a request meets: listeners, workers, the cluster's
// policies; and beside them the control loop and what admin asks for.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "net/listener.h"
#include "observe/registry.h"
#include "observe/state.h"
#include "proxy/cluster.h"
#include "proxy/control_loop.h"
#include "proxy/options.h"
#include "proxy/worker.h"

namespace weir::proxy {

/// Where a server tells what it does; null members are told nothing.
struct Observers {
  observe::EventRing* events = nullptr;
  observe::Log* log = nullptr;
};

/// Life: make, run (blocks), and drain or stop from any thread or signal watcher.
class Server final : public observe::StateProvider,
                     public observe::MetricSource,
                     private WakeOthers {
 public:
  /// Resolves the targets, builds the policies, binds the address. `registry` must have at least
  /// worker_count(options) workers and outlive the server. Errors: kUsage, kUnavailable.
  static Expected<std::unique_ptr<Server>> make(const Options& options, observe::Registry& registry,
                                                Observers observers);
  ~Server();

  /// Options::workers, or one for each CPU that this process may use; at most kGateMax.
  static uint16_t worker_count(const Options& options) noexcept;

  /// Serves until drained or stopped. The first worker runs on the calling thread.
  void run();

  /// Stops accepting, lets what is under way finish within Timeouts::drain, then run() returns.
  void drain() noexcept;
  /// run() returns at once; what is under way is cut off.
  void stop() noexcept;

  /// Where it listens: with the port that was picked when the options said 0.
  const net::Address& address() const noexcept { return address_; }
  const Cluster& cluster() const noexcept { return *cluster_; }
  /// The first worker's loop, for what shares its thread (signals). Before run() only.
  net::EventLoop& first_loop() noexcept { return workers_.front()->loop(); }

  // observe::StateProvider, observe::MetricSource: from any thread.
  std::vector<observe::ComponentState> components() const override;
  bool draining() const noexcept override { return cluster_->group().draining(); }
  bool dry_run() const noexcept override { return options_.dry_run; }
  Duration stalled_for() const noexcept override;
  void collect(observe::MetricSink& sink) const override;

 private:
  Server(const Options& options, observe::Registry& registry, std::unique_ptr<Cluster> cluster,
         std::vector<net::Fd> sockets, Observers observers);

  void wake(int worker) noexcept override;
  observe::ComponentState limiter_state() const;
  observe::ComponentState queue_state() const;
  observe::ComponentState retry_budget_state() const;
  observe::ComponentState pool_state() const;

  const Options options_;
  observe::Registry& registry_;
  std::unique_ptr<Cluster> cluster_;
  net::Address address_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<ControlLoop> control_;
  Observers observers_;
  std::vector<std::thread> threads_;
};

}  // namespace weir::proxy
