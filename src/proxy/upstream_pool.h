// UpstreamPool: one worker's connections to the endpoints of an upstream, and the choice among
// them.
#pragma once

#include <atomic>
#include <list>
#include <string>
#include <vector>

#include "net/address.h"
#include "proxy/upstream_h1.h"

namespace weir::proxy {

/// Where an upstream can be reached; shared by all workers, constant.
struct Endpoint {
  net::Address address;
  std::string authority;  ///< Host for callers of HTTP/1.0 that sent none
};

/// One worker's view of an endpoint. The counts are atomic only because metrics read them.
struct PoolEndpoint {
  explicit PoolEndpoint(const Endpoint& where)
      : address(where.address), authority(where.authority) {}

  net::Address address;
  std::string authority;
  UpstreamH1* idle_newest = nullptr;
  std::atomic<uint32_t> idle{0};
  std::atomic<uint32_t> active{0};  ///< connections that serve an exchange
  std::atomic<uint32_t> connecting{0};
  uint32_t failures = 0;  ///< connection attempts that failed in a row
  Instant down_until{};   ///< chosen only when nothing better is left
};

/// Power of two choices on requests in flight (Mitzenmacher 2001) among the endpoints that are not
/// down; connections are reused newest first, so that surplus ones grow old and close. Belongs to
/// one worker's loop; counts may be read from any thread.
class UpstreamPool {
 public:
  UpstreamPool(Worker& worker, const std::vector<Endpoint>& endpoints);
  ~UpstreamPool();

  /// Finds or begins a connection for the exchange, which hears on_upstream_ready or
  /// on_upstream_failed, perhaps at once.
  void open(Exchange& exchange);

  /// Closes every idle connection and those released later.
  void drain();
  /// Destroys what was discarded since; call when no connection is on the stack.
  void bury() noexcept { graveyard_.clear(); }

  uint32_t active() const noexcept { return sum(&PoolEndpoint::active); }
  uint32_t idle() const noexcept { return sum(&PoolEndpoint::idle); }
  uint32_t connecting() const noexcept { return sum(&PoolEndpoint::connecting); }

  // From the connections.
  void connected(UpstreamH1& connection);
  void connect_failed(UpstreamH1& connection, Fault fault);
  void release(UpstreamH1& connection);
  void discard(UpstreamH1& connection);

 private:
  // An endpoint that refused a connection is left alone for a second, doubling up to ten.
  static constexpr Duration kDownMin = std::chrono::seconds(1);
  static constexpr Duration kDownMax = std::chrono::seconds(10);

  PoolEndpoint& choose() noexcept;
  void connect(PoolEndpoint& endpoint, Exchange& exchange);
  void mark_down(PoolEndpoint& endpoint) noexcept;
  void push_idle(UpstreamH1& connection) noexcept;
  void unlink_idle(UpstreamH1& connection) noexcept;
  uint32_t sum(std::atomic<uint32_t> PoolEndpoint::*count) const noexcept;

  Worker& worker_;
  std::list<PoolEndpoint> storage_;  // atomics do not move
  std::vector<PoolEndpoint*> endpoints_;
  std::list<UpstreamH1> connections_;
  std::list<UpstreamH1> graveyard_;
  bool draining_ = false;
};

}  // namespace weir::proxy
