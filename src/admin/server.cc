#include "admin/server.h"

#include <algorithm>

namespace weir::admin {

Expected<std::unique_ptr<Server>> Server::open(const net::Address& address, Routes& routes) {
  auto sockets = net::open_listeners(address, 1);
  if (!sockets) return Unexpected<Error>(sockets.error());
  return std::unique_ptr<Server>(new Server(std::move(sockets->front()), routes));
}

Server::Server(net::Fd socket, Routes& routes)
    : routes_(routes),
      address_(net::bound_address(socket.get())),
      tick_timer_(loop_.timers(), net::Callback::to<&Server::tick>(this)) {
  tick();
  listener_.emplace(loop_, std::move(socket), static_cast<net::AcceptHandler&>(*this));
  thread_ = std::thread([this] { loop_.run(); });
}

Server::~Server() {
  loop_.stop();
  thread_.join();
}

void Server::tick() {
  const Instant now = loop_.update_now();
  routes_.tick(observe::system_wall_clock() / 1'000'000, now);
  tick_timer_.arm(now + History::kInterval);
}

void Server::on_accept(net::Fd connection, const net::Address&) {
  if (connections_.size() >= kConnectionMax) return;  // closes it
  ConnectionOwner& owner = *this;
  connections_.emplace_back(loop_, slabs_, std::move(connection), routes_, owner);
}

void Server::on_closed(Connection& connection) {
  connections_.remove_if([&connection](const Connection& other) { return &other == &connection; });
}

}  // namespace weir::admin
