#include "lab/call_plan.h"

#include "lab/http_client.h"
#include "lab/units.h"
#include "net/url.h"

namespace weir::lab {
namespace {

constexpr size_t kCallsMax = 16;  // a fan-out wider than that is no longer a demonstration

Expected<Call> parse_call(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  const size_t slash = text.find('/', text.starts_with(kScheme) ? kScheme.size() : 0);
  const auto url = net::Url::parse(text.substr(0, slash));
  if (!url) return tl::unexpected(url.error());
  const auto address = net::Address::resolve(url->endpoint);
  if (!address) return tl::unexpected(address.error());
  const std::string_view path = slash == text.npos ? "/" : text.substr(slash);
  return Call{url->endpoint, *address, get_request(path, url->authority)};
}

}  // namespace

Expected<CallRoute> parse_call_route(std::string_view text) {
  CallRoute route;
  if (const size_t equals = text.find('='); text.starts_with('/') && equals != text.npos) {
    route.prefix = text.substr(0, equals);
    text.remove_prefix(equals + 1);
  }
  route.parallel = text.find('&') != std::string_view::npos;
  const char separator = route.parallel ? '&' : ',';
  while (true) {
    const size_t end = text.find(separator);
    auto call = parse_call(text.substr(0, end));
    if (!call) return tl::unexpected(call.error());
    if (route.calls.size() == kCallsMax) return usage_error("more than 16 calls for one path");
    route.calls.push_back(std::move(*call));
    if (end == std::string_view::npos) return route;
    text.remove_prefix(end + 1);
  }
}

const CallRoute* find_route(const std::vector<CallRoute>& routes, std::string_view path) {
  const CallRoute* best = nullptr;
  for (const CallRoute& route : routes) {
    if (!path.starts_with(route.prefix)) continue;
    if (best == nullptr || route.prefix.size() > best->prefix.size()) best = &route;
  }
  return best;
}

}  // namespace weir::lab
