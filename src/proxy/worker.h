// Worker: one event loop with everything that its requests need, shared with nobody.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <string_view>
#include <vector>

#include "net/buffer.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "proxy/cluster.h"
#include "proxy/downstream_h1.h"
#include "proxy/exchange.h"
#include "proxy/options.h"
#include "proxy/refusal_log.h"
#include "proxy/upstream_pool.h"
#include "weir/base/rng.h"
#include "weir/policy/gate.h"

namespace weir::proxy {

/// Wakes the loop of the worker with this index, so that it pumps its gate.
class WakeOthers {
 public:
  virtual void wake(int worker) noexcept = 0;

 protected:
  ~WakeOthers() = default;
};

/// Everything is used from the loop's thread, except request_pump, request_drain and the counts.
class Worker final : private GateSink, private net::AcceptHandler {
 public:
  /// `log` may be null.
  Worker(uint16_t index, const Options& options, const Cluster& cluster, WakeOthers& others,
         observe::Log* log);
  ~Worker();

  void listen(net::Fd socket);
  void run() { loop_.run(); }

  // From any thread.
  /// Pumps the gate soon.
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
  const UpstreamPool& pool() const noexcept { return upstreams_; }

  // For the exchanges and connections of this worker.
  net::EventLoop& loop() noexcept { return loop_; }
  net::SlabPool& slabs() noexcept { return slabs_; }
  Rng& rng() noexcept { return rng_; }
  Gate& gate() noexcept { return *gate_; }
  UpstreamPool& upstreams() noexcept { return upstreams_; }
  RefusalLog& refusal_log() noexcept { return refusal_log_; }
  const Options& options() const noexcept { return options_; }
  const Telemetry& telemetry() const noexcept { return cluster_.telemetry(); }
  uint16_t index() const noexcept { return index_; }
  bool draining() const noexcept { return draining_; }

  Exchange& take_exchange();
  void give_back(Exchange& exchange) noexcept { free_exchanges_.push_back(&exchange); }
  /// Destroys a closed connection at the end of the turn.
  void retire(DownstreamH1& connection) noexcept;

  /// For --dry-run: a permit if there is one to have; else the refusal is only counted.
  Permit admit_in_shadow(const RequestContext& context, Instant now) noexcept;
  std::string_view policy_name(const Rejection& rejection) const noexcept;
  /// Whether the budget pays for one more attempt.
  bool may_retry() noexcept;
  /// Pumps the gate at the end of this turn.
  void want_pump() noexcept { pump_wanted_ = true; }
  void on_completed(Outcome outcome, Duration latency) noexcept;
  void wake(int gate_slot) noexcept {
    if (gate_slot != kNobody) others_.wake(gate_slot);
  }

 private:
  void on_accept(net::Fd connection, const net::Address& peer) override;
  void admitted(QueueEntry& entry, Permit permit) noexcept override;
  void refused(QueueEntry& entry, const Rejection& rejection) noexcept override;

  void on_turn_end();
  void beat();
  void pump();
  void begin_drain();
  void end_drain_if_done();
  void stop();

  const uint16_t index_;
  const Options& options_;
  const Cluster& cluster_;
  WakeOthers& others_;
  net::SlabPool slabs_;
  net::EventLoop loop_;
  Rng rng_;
  std::unique_ptr<Gate> gate_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<Exchange*> free_exchanges_;
  UpstreamPool upstreams_;
  RefusalLog refusal_log_;
  std::list<DownstreamH1> connections_;
  std::list<DownstreamH1> graveyard_;
  std::atomic<uint32_t> connection_count_{0};
  std::atomic<Instant> heartbeat_;
  std::unique_ptr<net::Listener> listener_;
  net::Timer heartbeat_timer_;
  net::Timer pump_timer_;
  net::Timer drain_timer_;
  net::Task pump_task_;
  net::Task drain_task_;
  net::Task stop_task_;
  bool pump_wanted_ = false;
  bool draining_ = false;
};

}  // namespace weir::proxy
