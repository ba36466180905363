// Server: the proxy as a whole. Reads as what a request meets: listeners, workers, routes, the
// policies of each upstream; and beside them the control loops and what admin asks for.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "net/listener.h"
#include "observe/registry.h"
#include "observe/state.h"
#include "proxy/certificates.h"
#include "proxy/cluster.h"
#include "proxy/control_loop.h"
#include "proxy/explain_reader.h"
#include "proxy/health_checker.h"
#include "proxy/options.h"
#include "proxy/recorder.h"
#include "proxy/route_table.h"
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
  /// Resolves the targets, builds the policies, binds the address, begins the recording. `registry`
  /// must have at least worker_count(options) workers and outlive the server. Errors: kUsage,
  /// kUnavailable.
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
  /// Reads the certificates' files again; what cannot be read leaves the old ones in use. Logged.
  /// From the first worker's thread; it also happens by itself when a file has changed.
  void reload_certificates();

  /// Where it listens: with the port that was picked when the options said 0.
  const net::Address& address() const noexcept { return address_; }
  const std::vector<std::unique_ptr<Cluster>>& clusters() const noexcept { return clusters_; }
  const observe::ExplanationSource& explanations() const noexcept { return *explain_reader_; }
  const observe::SpanSource& spans() const noexcept { return *explain_reader_; }
  /// The first worker's loop, for what shares its thread (signals). Before run() only.
  net::EventLoop& first_loop() noexcept { return workers_.front()->loop(); }

  // observe::StateProvider, observe::MetricSource: from any thread.
  std::vector<observe::ComponentState> components() const override;
  bool draining() const noexcept override { return draining_.load(std::memory_order_relaxed); }
  bool dry_run() const noexcept override { return options_.dry_run; }
  Duration stalled_for() const noexcept override;
  std::vector<std::pair<std::string, std::string>> routes() const override;
  void collect(observe::MetricSink& sink) const override;

 private:
  using Clusters = std::vector<std::unique_ptr<Cluster>>;
  Server(const Options& options, observe::Registry& registry, Clusters clusters, RouteTable routes,
         std::unique_ptr<Certificates> certificates, std::vector<net::Fd> sockets,
         Observers observers, std::unique_ptr<Recorder> recorder);

  void wake(int worker) noexcept override;
  observe::ComponentState limiter_state(size_t cluster) const;
  observe::ComponentState pool_state(size_t cluster) const;
  void make_explain_reader();
  void check_certificates();
  void collect_cluster(size_t cluster, observe::MetricSink& sink) const;

  const Options options_;
  std::unique_ptr<Certificates> certificates_;  // null: callers speak in clear text
  std::unique_ptr<Recorder> recorder_;          // null: nothing is recorded
  observe::Registry& registry_;
  Clusters clusters_;
  RouteTable routes_;
  net::Address address_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<HealthChecker>> health_;  // of clusters that want it
  std::vector<std::unique_ptr<ControlLoop>> control_;   // one a cluster
  std::unique_ptr<ExplainReader> explain_reader_;
  std::atomic<bool> draining_{false};
  Observers observers_;
  std::unique_ptr<net::Timer> certificate_timer_;
  std::vector<std::thread> threads_;
};

}  // namespace weir::proxy
