#include "net/url.h"

#include <algorithm>
#include <charconv>

namespace weir::net {
namespace {

Unexpected<Error> wrong(std::string_view text, std::string_view why) {
  return Unexpected<Error>(Error{
      ErrorKind::kUsage, "'" + std::string(text) + "' is not an upstream: " + std::string(why),
      "write http://HOST:PORT, for example http://127.0.0.1:9000"});
}

bool host_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool address_character(char c) noexcept {
  return host_character(c) || c == ':';
}

}  // namespace

Expected<Url> Url::parse(std::string_view text, Schemes schemes) {
  Url url;
  std::string_view rest = text;
  const auto take = [&rest](std::string_view prefix) {
    const bool taken = rest.starts_with(prefix);
    if (taken) rest.remove_prefix(prefix.size());
    return taken;
  };
  const bool all = schemes == Schemes::kAll;
  if (all && rest.starts_with("h2c+unix:")) url.h2 = take("h2c+");
  if (rest.starts_with("unix:") && rest.size() > 5) {
    url.host = url.authority = "localhost";
    url.endpoint = rest;
    return url;
  }
  if (url.h2) return wrong(text, "the path of the socket is missing");
  if (!all && rest.starts_with("https://")) return wrong(text, "TLS is not supported here");
  if (all && take("h2c://")) {
    url.h2 = true;
  } else if (all && take("h2s://")) {
    url.h2 = url.tls = true;
  } else if (all && take("https://")) {
    url.tls = true;
  } else if (!take("http://")) {
    return wrong(text, "it does not begin with http://");
  }
  const uint16_t port_default = url.tls ? 443 : 80;
  url.port = port_default;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != std::string_view::npos)
    return wrong(text, "it has a path, but paths are forwarded as the caller wrote them");
  if (rest.find('@') != std::string_view::npos) return wrong(text, "it holds user information");

  const bool bracketed = rest.starts_with('[');
  const size_t host_end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && host_end == std::string_view::npos) return wrong(text, "']' is missing");
  const std::string_view host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
  std::string_view port = rest.substr(std::min(rest.size(), bracketed ? host_end + 1 : host_end));
  if (host.empty()) return wrong(text, "the host is missing");
  if (!std::ranges::all_of(host, bracketed ? address_character : host_character))
    return wrong(text, "the host holds a character that hosts do not have");
  if (!port.empty()) {
    if (port.front() != ':') return wrong(text, "there is something between host and port");
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0)
      return wrong(text, "the port is not a number from 1 to 65535");
  }
  url.host = host;
  const std::string shown = bracketed ? "[" + url.host + "]" : url.host;
  const std::string with_port = shown + ":" + std::to_string(url.port);
  url.authority = url.port == port_default ? shown : with_port;
  url.endpoint = with_port;
  return url;
}

}  // namespace weir::net
