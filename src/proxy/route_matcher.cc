#include "proxy/route_matcher.h"

#include <algorithm>

#include "http/chars.h"

namespace weir::proxy {
namespace {

// The host of host[:port]; an IPv6 address keeps its brackets.
std::string_view host_of(std::string_view authority) noexcept {
  const size_t bracket = authority.rfind(']');
  const size_t from = bracket == authority.npos ? 0 : bracket;
  return authority.substr(0, authority.find(':', from));
}

}  // namespace

RouteMatcher::RouteMatcher(const RouteMatch& match)
    : host_(match.host),
      path_(match.path),
      methods_(match.methods),
      headers_(match.headers.begin(), match.headers.end()) {
  if (host_.starts_with("*.")) {
    below_host_ = true;
    host_.erase(0, 1);
  }
  if (path_.ends_with("/*")) {
    below_path_ = true;
    path_.resize(path_.size() - 2);
  }
}

bool RouteMatcher::matches(const http::RequestHead& request) const noexcept {
  return path_matches(request.path()) && method_matches(request) &&
         host_matches(request.authority()) && headers_match(request.headers);
}

bool RouteMatcher::host_matches(std::string_view authority) const noexcept {
  if (host_.empty()) return true;
  std::string_view host = host_of(authority);
  if (below_host_) {
    if (host.size() <= host_.size()) return false;
    host.remove_prefix(host.size() - host_.size());
  }
  return http::equals_ignoring_case(host, host_);
}

bool RouteMatcher::path_matches(std::string_view path) const noexcept {
  if (path_.empty()) return true;  // "", and "/*"
  path = path.substr(0, path.find('?'));
  if (!below_path_) return path == path_;
  return path.starts_with(path_) && (path.size() == path_.size() || path[path_.size()] == '/');
}

bool RouteMatcher::method_matches(const http::RequestHead& request) const noexcept {
  return methods_.empty() ||
         std::find(methods_.begin(), methods_.end(), request.method_text()) != methods_.end();
}

bool RouteMatcher::headers_match(const http::HeaderBlock& headers) const noexcept {
  for (const auto& [name, wanted] : headers_) {
    bool found = false;
    for (const http::HeaderView field : headers) {
      if (!http::equals_ignoring_case(field.name, name)) continue;
      found = wanted == "*" || field.value == wanted;
      if (found) break;
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace weir::proxy
