// What only the configuration file as a whole shows.
#include <algorithm>
#include <set>

#include "config/suggest.h"
#include "net/url.h"
#include "proxy/config_keys.h"

namespace weir::proxy {
namespace {

using config::Diagnostics;

template <typename Map>
std::vector<std::string> names_of(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

// "there is no upstream 'odrers'; did you mean 'orders'?"
template <typename Map>
std::string no_such(const std::string& kind, const std::string& name, const Map& known) {
  const std::string guess = config::nearest(name, names_of(known));
  return "there is no " + kind + " '" + name + "'" +
         (guess.empty() ? "" : "; did you mean '" + guess + "'?");
}

void check_upstreams(const FileKeys& file, Diagnostics& out) {
  for (const auto& [name, upstream] : file.upstreams) {
    const bool has_to = upstream.to_place.line != 1 || upstream.to_place.column != 1;
    if (has_to && upstream.to.empty())
      out.report(upstream.to_place, "'" + name + "' has no endpoint");
    for (const std::string& url : upstream.to)
      if (const auto parsed = net::Url::parse(url, net::Url::Schemes::kAll); !parsed)
        out.report(upstream.to_place, parsed.error().message + "; " + parsed.error().remedy);
    const bool routed = std::any_of(file.routes.begin(), file.routes.end(),
                                    [&](const RouteKeys& route) { return route.to == name; });
    if (!file.routes.empty() && !routed)
      out.warn(upstream.place, "no route leads to upstream '" + name + "'");
  }
}

void check_bulkheads(const FileKeys& file, Diagnostics& out) {
  std::map<std::string, double> reserved;
  for (const auto& [name, bulkhead] : file.bulkheads) {
    if (!file.upstreams.contains(bulkhead.upstream)) {
      out.report(bulkhead.upstream_place, no_such("upstream", bulkhead.upstream, file.upstreams));
      continue;
    }
    double& sum = reserved[bulkhead.upstream];
    sum += bulkhead.reserve;
    if (sum > 1.0001 && sum - bulkhead.reserve <= 1.0001) {  // once, where it goes over
      out.report(bulkhead.reserve_place, "the bulkheads of '" + bulkhead.upstream + "' reserve " +
                                             config::format_percent(sum) + " of its limit");
    } else if (sum > 0.9999 && sum <= 1.0001) {
      out.warn(bulkhead.reserve_place, "the bulkheads of '" + bulkhead.upstream +
                                           "' reserve all of its limit; routes without a "
                                           "bulkhead would be refused");
    }
    const bool used = std::any_of(file.routes.begin(), file.routes.end(),
                                  [&](const RouteKeys& route) { return route.bulkhead == name; });
    if (!used) out.warn(bulkhead.place, "no route uses bulkhead '" + name + "'");
  }
}

bool takes_everything(const RouteMatch& match) {
  return match.host.empty() && (match.path.empty() || match.path == "/*") &&
         match.methods.empty() && match.headers.empty();
}

void check_route(const FileKeys& file, const RouteKeys& route, Diagnostics& out) {
  if (!route.to.empty() && !file.upstreams.contains(route.to))
    out.report(route.to_place, no_such("upstream", route.to, file.upstreams));
  if (route.bulkhead.empty()) return;
  const auto bulkhead = file.bulkheads.find(route.bulkhead);
  if (bulkhead == file.bulkheads.end()) {
    out.report(route.bulkhead_place, no_such("bulkhead", route.bulkhead, file.bulkheads));
  } else if (bulkhead->second.upstream != route.to) {
    out.report(route.bulkhead_place, "bulkhead '" + route.bulkhead + "' is a share of '" +
                                         bulkhead->second.upstream + "', not of '" + route.to +
                                         "'");
  }
}

// Retries that cannot do what they say.
void check_retries(const FileKeys& file, Diagnostics& out) {
  for (const RouteKeys& route : file.routes) {
    const auto upstream = file.upstreams.find(route.to);
    if (upstream == file.upstreams.end()) continue;
    const RetryKeys& retry = upstream->second.retry;
    if (route.timeout > Duration::zero() && retry.per_try_timeout * retry.attempts > route.timeout)
      out.warn(route.place, std::to_string(retry.attempts) + " tries of " +
                                config::format_duration(retry.per_try_timeout) +
                                " do not fit into the route's timeout of " +
                                config::format_duration(route.timeout));
    const bool only_post = !route.match.methods.empty() &&
                           std::all_of(route.match.methods.begin(), route.match.methods.end(),
                                       [](const std::string& method) { return method == "POST"; });
    const bool repeats = std::any_of(retry.on.begin(), retry.on.end(), [](const auto& word) {
      return word != "connect-failure" && word != "refused-stream";
    });
    if (only_post && repeats && retry.attempts > 1)
      out.warn(route.place,
               "POST is tried again only with an Idempotency-Key: it may have been done already");
  }
}

void check_routes(const FileKeys& file, Diagnostics& out) {
  const RouteKeys* last = nullptr;  // takes all that is left
  std::set<std::string> names;
  for (const RouteKeys& route : file.routes) {
    check_route(file, route, out);
    if (!route.name.empty() && !names.insert(route.name).second)
      out.report(route.place, "a route before this one is called '" + route.name + "' too");
    if (last != nullptr)
      out.warn(route.place, "nothing can reach this route: the one in line " +
                                std::to_string(last->place.line) + " takes everything");
    if (last == nullptr && takes_everything(route.match)) last = &route;
  }
  if (file.routes.empty() && file.upstreams.size() > 1)
    out.report({}, "there are " + std::to_string(file.upstreams.size()) +
                       " upstreams and no routes that choose among them; add 'routes'");
}

}  // namespace

void check_file(const FileKeys& file, Diagnostics& out) {
  check_upstreams(file, out);
  check_bulkheads(file, out);
  check_routes(file, out);
  check_retries(file, out);
}

}  // namespace weir::proxy
