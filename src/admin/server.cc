#include "admin/server.h"

#include <algorithm>

namespace weir::admin {

Expected<std::unique_ptr<Server>> Server::open(const net::Address& address, const Routes& routes) {
  auto sockets = net::open_listeners(address, 1);
  if (!sockets) return Unexpected<Error>(sockets.error());
  return std::unique_ptr<Server>(new Server(std::move(sockets->front()), routes));
}

Server::Server(net::Fd socket, const Routes& routes)
    : routes_(routes), address_(net::bound_address(socket.get())) {
  listener_.emplace(loop_, std::move(socket), static_cast<net::AcceptHandler&>(*this));
  thread_ = std::thread([this] { loop_.run(); });
}

Server::~Server() {
  loop_.stop();
  thread_.join();
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
