#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>

namespace weir::net {
namespace {

constexpr std::string_view kForms =
    "write HOST:PORT, :PORT, [IPV6]:PORT or unix:/path, for example 127.0.0.1:8080";

Unexpected<Error> usage(std::string message) {
  return Unexpected<Error>(Error{ErrorKind::kUsage, std::move(message), std::string(kForms)});
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

struct HostPort {
  std::string host;
  uint16_t port = 0;
  bool bracketed = false;
};

Expected<HostPort> split(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return usage(quoted(text) + " has no port");
  HostPort out;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size())
    return usage("the port in " + quoted(text) + " is not a number from 0 to 65535");
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    out.bracketed = true;
  } else if (host.find(':') != std::string_view::npos) {
    return usage("the IPv6 address in " + quoted(text) + " needs brackets");
  }
  out.host = host;
  return out;
}

std::optional<Address> numeric(const HostPort& parts) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(parts.port);
  const char* host = parts.host == "localhost" ? "127.0.0.1" : parts.host.c_str();
  if (parts.host.empty() && !parts.bracketed) host = "0.0.0.0";
  if (!parts.bracketed && inet_pton(AF_INET, host, &v4.sin_addr) == 1)
    return Address::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(parts.port);
  if (parts.bracketed && inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
    return Address::from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  return std::nullopt;
}

Expected<Address> local(std::string_view path) {
  sockaddr_un address{};
  if (path.empty()) return usage("'unix:' needs a path");
  if (path.size() >= sizeof address.sun_path)
    return usage("the path " + quoted(path) + " is longer than the 107 bytes of a Unix socket");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return Address::from(reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace

Address::Address() noexcept : storage_{}, size_(sizeof(sockaddr_in)) {
  storage_.v4.sin_family = AF_INET;
  storage_.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

Expected<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return local(text.substr(5));
  const auto parts = split(text);
  if (!parts) return Unexpected<Error>(parts.error());
  if (const auto address = numeric(*parts)) return *address;
  return usage(quoted(text) + " does not hold a numeric IP address");
}

Expected<Address> Address::resolve(std::string_view text) {
  if (text.starts_with("unix:")) return local(text.substr(5));
  const auto parts = split(text);
  if (!parts) return Unexpected<Error>(parts.error());
  if (const auto address = numeric(*parts)) return *address;
  if (parts->bracketed) return usage(quoted(text) + " does not hold an IPv6 address");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int result = getaddrinfo(parts->host.c_str(), nullptr, &hints, &found);
  if (result != 0) {
    return Unexpected<Error>(Error{ErrorKind::kUnavailable,
                                   "cannot resolve '" + parts->host + "': " + gai_strerror(result),
                                   "check the name, or give an IP address"});
  }
  const addrinfo* best = found;
  for (const addrinfo* i = found; i != nullptr; i = i->ai_next) {
    if (i->ai_family != AF_INET) continue;
    best = i;
    break;
  }
  Address address = from(best->ai_addr, best->ai_addrlen);
  address.set_port(parts->port);
  freeaddrinfo(found);
  return address;
}

Address Address::from(const sockaddr* address, socklen_t size) noexcept {
  Address out;
  if (size > sizeof out.storage_) size = sizeof out.storage_;
  std::memset(&out.storage_, 0, sizeof out.storage_);
  std::memcpy(&out.storage_, address, size);
  out.size_ = size;
  return out;
}

uint16_t Address::port() const noexcept {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

void Address::set_port(uint16_t port) noexcept {
  if (family() == AF_INET) storage_.v4.sin_port = htons(port);
  if (family() == AF_INET6) storage_.v6.sin6_port = htons(port);
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = "unix";
  if (family() == AF_INET) inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof text);
  if (family() == AF_INET6) inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof text);
  return text;
}

std::string Address::to_string() const {
  if (is_unix()) return "unix:" + std::string(storage_.local.sun_path);
  const std::string port_text = ":" + std::to_string(port());
  return family() == AF_INET6 ? "[" + host() + "]" + port_text : host() + port_text;
}

bool operator==(const Address& a, const Address& b) noexcept {
  return a.size_ == b.size_ && std::memcmp(&a.storage_, &b.storage_, a.size_) == 0;
}

}  // namespace weir::net
