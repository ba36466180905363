// Caller: who is at the other end of a connection, as the connection itself tells.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/listener.h"
#include "net/proxy_header.h"

namespace weir::proxy {

/// Lives as long as the connection. Movable.
struct Caller {
  std::string address;               ///< for X-Forwarded-For
  std::string_view scheme = "http";  ///< "https" when the connection has TLS
  int fd = -1;                       ///< of the connection, for its two addresses
  /// What a balancer before us told by the PROXY protocol; null without one.
  std::unique_ptr<net::ProxyHeader> told = nullptr;

  /// The PROXY protocol header that names it to the next server.
  std::string proxy_header(int version) const {
    return told != nullptr
               ? net::write_proxy_header(version, told->source, told->destination)
               : net::write_proxy_header(version, net::peer_address(fd), net::bound_address(fd));
  }
};

}  // namespace weir::proxy
