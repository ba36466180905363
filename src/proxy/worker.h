// Worker: one event loop with everything that its requests need, shared with nobody.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "http/h2_fields.h"
#include "net/buffer.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "proxy/caller.h"
#include "proxy/certificates.h"
#include "proxy/downstream.h"
#include "proxy/exchange.h"
#include "proxy/explain_log.h"
#include "proxy/options.h"
#include "proxy/route_table.h"
#include "proxy/turn_flush.h"
#include "proxy/upstream_service.h"
#include "weir/base/rng.h"

namespace weir::proxy {

/// Wakes the loop of the worker with this index, so that it pumps its gates.
class WakeOthers {
 public:
  virtual void wake(int worker) noexcept = 0;

 protected:
  ~WakeOthers() = default;
};

/// Everything is used from the loop's thread, except request_pump, request_drain and the counts.
class Worker final : private net::AcceptHandler {
 public:
  /// `log` may be null.
  Worker(uint16_t index, const Options& options,
         const std::vector<std::unique_ptr<Cluster>>& clusters, const RouteTable& routes,
         WakeOthers& others, observe::Log* log);
  ~Worker();

  /// `certificates` may be null: callers speak in clear text.
  void listen(net::Fd socket, const Certificates* certificates);
  void run() { loop_.run(); }

  // From any thread.
  /// Pumps the gates soon.
  void request_pump() noexcept { loop_.post(pump_task_); }
  /// Stops accepting, closes idle connections, lets the others finish.
  void request_drain() noexcept { loop_.post(drain_task_); }
  /// Closes whatever is left and ends run().
  void request_stop() noexcept { loop_.post(stop_task_); }
  uint32_t connection_count() const noexcept {
    return connection_count_.load(std::memory_order_relaxed);
  }
  /// When the loop last came round for its heartbeat.
  Instant heartbeat() const noexcept { return heartbeat_.load(std::memory_order_relaxed); }
  static constexpr Duration kHeartbeat = std::chrono::seconds(1);
  const UpstreamPool& pool(size_t cluster) const noexcept { return services_[cluster]->pool(); }

  // For the exchanges and connections of this worker.
  net::EventLoop& loop() noexcept { return loop_; }
  net::SlabPool& slabs() noexcept { return slabs_; }
  Rng& rng() noexcept { return rng_; }
  const RouteTable& routes() const noexcept { return routes_; }
  UpstreamService& service(size_t cluster) noexcept { return *services_[cluster]; }
  ExplainLog& explain_log() noexcept { return explain_log_; }
  observe::TraceContext begin_trace(const http::RequestHead& request) noexcept {
    return explain_log_.begin_trace(request, rng_);
  }
  const Options& options() const noexcept { return options_; }
  const Certificates* certificates() const noexcept { return certificates_; }
  uint16_t index() const noexcept { return index_; }
  bool draining() const noexcept { return draining_; }

  Exchange& take_exchange();
  void give_back(Exchange& exchange) noexcept { free_exchanges_.push_back(&exchange); }
  /// Destroys a closed connection at the end of the turn.
  void retire(Downstream& connection) noexcept;
  /// A caller's socket turned out to carry HTTP/2; `received` has come of it so far.
  void adopt_h2(net::Transport transport, Caller caller, std::string_view received);
  /// The same for HTTP/1.
  void adopt_h1(net::Transport transport, Caller caller);
  /// What is to be sent at the end of this turn.
  TurnFlushes& flushes() noexcept { return flushes_; }
  /// One list for all, filled and sent at once.
  http::H2FieldList& fields() noexcept { return fields_; }

  void wake(int gate_slot) noexcept {
    if (gate_slot != kNobody) others_.wake(gate_slot);
  }

 private:
  void on_accept(net::Fd connection, const net::Address& peer) override;

  void keep(std::unique_ptr<Downstream> connection);
  void on_turn_end();
  void beat();
  void pump();
  void pump_wanted();
  void bury();
  void begin_drain();
  void end_drain_if_done();
  void stop();

  const uint16_t index_;
  const Options& options_;
  const RouteTable& routes_;
  const Certificates* certificates_ = nullptr;
  WakeOthers& others_;
  net::SlabPool slabs_;
  net::EventLoop loop_;
  Rng rng_;
  ExplainLog explain_log_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<Exchange*> free_exchanges_;
  TurnFlushes flushes_;
  http::H2FieldList fields_;
  std::vector<std::unique_ptr<UpstreamService>> services_;  // one a cluster
  Downstream::List connections_;
  Downstream::List graveyard_;
  std::atomic<uint32_t> connection_count_{0};
  std::atomic<Instant> heartbeat_;
  std::unique_ptr<net::Listener> listener_;
  net::Timer heartbeat_timer_;
  net::Timer drain_timer_;
  net::Task pump_task_;
  net::Task drain_task_;
  net::Task stop_task_;
  bool draining_ = false;
};

}  // namespace weir::proxy
