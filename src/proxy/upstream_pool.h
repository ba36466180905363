// UpstreamPool: one worker's connections to the endpoints of an upstream, and the choice among
// them.
#pragma once

#include <atomic>
#include <list>
#include <string>
#include <vector>

#include "proxy/attempt.h"
#include "proxy/balancer.h"
#include "proxy/cluster.h"
#include "proxy/load_report.h"
#include "proxy/upstream_h1.h"
#include "proxy/upstream_h2.h"

namespace weir::proxy {

/// One worker's view of an endpoint. The counts are atomic only because metrics read them.
struct PoolEndpoint {
  PoolEndpoint(const Endpoint& where, size_t number)
      : index(number),
        address(where.address),
        authority(where.authority),
        h2(where.h2),
        tls(where.tls),
        tls_host(where.tls_host) {}

  size_t index;  ///< in the pool, and in its balancer

  net::Address address;
  std::string authority;
  bool h2;
  std::shared_ptr<const net::TlsContext> tls;  ///< null: clear text
  std::string tls_host;
  net::TlsResumption resumption;
  std::vector<UpstreamH2*> multiplexed;
  uint32_t streams = 0;  ///< on all of them
  UpstreamH1* idle_newest = nullptr;
  std::atomic<uint32_t> idle{0};
  std::atomic<uint32_t> active{0};  ///< connections that serve an attempt
  std::atomic<uint32_t> connecting{0};
};

/// The balancer chooses the endpoint; connections are reused newest first, so that surplus ones
/// grow old and close. Belongs to one worker's loop; counts may be read from any thread.
class UpstreamPool {
 public:
  UpstreamPool(Worker& worker, const Cluster& cluster);
  ~UpstreamPool();

  /// Finds or begins a connection for the attempt, which hears on_ready, on_failed or
  /// on_pool_full, perhaps at once.
  void open(Attempt& attempt);
  /// Each open() ends here once, before the attempt is opened anew or forgotten. A second call does
  /// nothing.
  void end_try(Attempt& attempt, const TryResult& result) noexcept;

  /// Closes every idle connection and those released later.
  void drain();
  /// Destroys what was discarded since; call when no connection is on the stack.
  void bury() noexcept {
    graveyard_.clear();
    h2_graveyard_.clear();
  }
  bool draining() const noexcept { return draining_; }
  /// The version of the PROXY protocol that connections begin with; 0: none.
  int proxy_protocol() const noexcept { return options_.proxy_protocol; }

  uint32_t active() const noexcept { return sum(&PoolEndpoint::active); }
  uint32_t idle() const noexcept { return sum(&PoolEndpoint::idle); }
  uint32_t connecting() const noexcept { return sum(&PoolEndpoint::connecting); }

  /// What the attempt's endpoint says of its load.
  void hear_load(const Attempt& attempt, const LoadReport& report) noexcept;

  uint32_t ejected() const noexcept { return ejected_.load(std::memory_order_relaxed); }
  /// About once a second: what only time changes.
  void beat() noexcept;

  // From the connections.
  void connected(UpstreamH1& connection);
  void connect_failed(UpstreamH1& connection, Fault fault);
  void release(UpstreamH1& connection);
  void discard(UpstreamH1& connection);
  void h2_connected(UpstreamH2& connection);
  void h2_connect_failed(UpstreamH2& connection, Fault fault);
  void h2_discard(UpstreamH2& connection);
  void note_streams(PoolEndpoint& endpoint, int delta) noexcept;

 private:
  uint64_t hash_of(const Attempt& attempt) const noexcept;
  void follow_health(Instant now) noexcept;
  void connect(PoolEndpoint& endpoint, Attempt& attempt);
  void open_h2(PoolEndpoint& endpoint, Attempt& attempt);
  bool is_full(PoolEndpoint& endpoint, Attempt& attempt);
  net::Transport open_transport(PoolEndpoint& endpoint, Attempt& attempt);
  void mark_up(PoolEndpoint& endpoint) noexcept;
  void mark_down(PoolEndpoint& endpoint) noexcept;
  void push_idle(UpstreamH1& connection) noexcept;
  void unlink_idle(UpstreamH1& connection) noexcept;
  uint32_t sum(std::atomic<uint32_t> PoolEndpoint::*count) const noexcept;

  Worker& worker_;
  const UpstreamOptions& options_;
  const HealthBoard& health_;
  uint32_t health_version_ = 0;  // of the board, as the balancer knows it
  Balancer balancer_;
  std::atomic<uint32_t> ejected_{0};
  std::list<PoolEndpoint> storage_;  // atomics do not move
  std::vector<PoolEndpoint*> endpoints_;
  std::list<UpstreamH1> connections_;
  std::list<UpstreamH1> graveyard_;
  std::list<UpstreamH2> h2_connections_;
  std::list<UpstreamH2> h2_graveyard_;
  bool draining_ = false;
};

}  // namespace weir::proxy
