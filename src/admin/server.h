// Server: the admin address on a thread of its own, so that a scrape never delays a request.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <thread>

#include "admin/connection.h"
#include "net/listener.h"

namespace weir::admin {

/// Listens from open() until its destruction, which stops the thread and closes what is open. Call
/// open() and the destructor from the same thread.
class Server final : private net::AcceptHandler, private ConnectionOwner {
 public:
  /// Port 0 picks a free one. Errors: kUnavailable when the address cannot be had. `routes` must
  /// outlive the server.
  static Expected<std::unique_ptr<Server>> open(const net::Address& address, Routes& routes);

  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The address with its real port.
  const net::Address& address() const noexcept { return address_; }

  /// Clients at the same time; further ones are closed at once. A scraper, a few dashboards and
  /// probes need a dozen.
  static constexpr size_t kConnectionMax = 64;

 private:
  Server(net::Fd socket, Routes& routes);

  void tick();

  void on_accept(net::Fd connection, const net::Address& peer) override;
  void on_closed(Connection& connection) override;

  Routes& routes_;
  net::Address address_;
  net::EventLoop loop_;
  net::SlabPool slabs_;
  std::list<Connection> connections_;
  std::optional<net::Listener> listener_;
  net::Timer tick_timer_;
  std::thread thread_;  // runs loop_; the others above are its own once it has started
};

}  // namespace weir::admin
