// Address: where to listen or connect. Numeric IPv4 and IPv6, Unix sockets, and names at start-up.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/expected.h"

namespace weir::net {

/// A socket address. A plain value.
class Address {
 public:
  /// 127.0.0.1:0.
  Address() noexcept;

  /// Reads "127.0.0.1:8080", ":8080" (every IPv4 interface), "[::1]:80", "unix:/path" and
  /// "localhost:80". Other names need resolve(). Errors: kUsage, with the text in the message.
  static Expected<Address> parse(std::string_view text);

  /// Like parse(), but asks the resolver for names; blocks, so for start-up only. The first answer
  /// counts, IPv4 before IPv6. Errors: kUsage for a bad text, kUnavailable for an unknown name.
  static Expected<Address> resolve(std::string_view text);

  /// What the kernel reports, for example of accept() or getsockname().
  static Address from(const sockaddr* address, socklen_t size) noexcept;

  const sockaddr* data() const noexcept { return &storage_.any; }
  socklen_t size() const noexcept { return size_; }
  int family() const noexcept { return storage_.any.sa_family; }
  bool is_unix() const noexcept { return family() == AF_UNIX; }
  /// 0 for Unix sockets.
  uint16_t port() const noexcept;
  void set_port(uint16_t port) noexcept;

  /// The reverse of parse().
  std::string to_string() const;
  /// The host alone, without brackets or port: what X-Forwarded-For wants. "unix" for Unix sockets.
  std::string host() const;

  friend bool operator==(const Address& a, const Address& b) noexcept;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  } storage_;
  socklen_t size_;
};

}  // namespace weir::net
