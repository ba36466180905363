#include "proxy/route_table.h"

#include <utility>

namespace weir::proxy {
namespace {

// How metrics call what took no route. Not a name that a configuration can give.
constexpr const char* kUnrouted = "(none)";

std::string name_of(const RouteOptions& options) {
  if (!options.name.empty()) return options.name;
  return options.match.path.empty() ? "default" : options.match.path;
}

Unexpected<Error> missing(const RouteOptions& route, const std::string& what) {
  return Unexpected<Error>(Error{ErrorKind::kConfig,
                                 "route " + name_of(route) + ": there is no " + what,
                                 "declare it, or correct the name"});
}

}  // namespace

Route::Route(const RouteOptions& options, uint16_t number, uint16_t cluster_number,
             uint16_t compartment_number, observe::Registry& registry, const std::string& upstream)
    : matcher(options.match),
      index(number),
      cluster(cluster_number),
      compartment(compartment_number),
      priority(options.priority),
      timeout(options.timeout),
      telemetry(registry, name_of(options), upstream) {}

Expected<RouteTable> RouteTable::make(const Options& options,
                                      const std::vector<std::unique_ptr<Cluster>>& clusters,
                                      observe::Registry& registry) {
  std::vector<RouteOptions> wanted = options.routes;
  if (wanted.empty()) wanted.emplace_back().upstream = clusters.front()->name();
  RouteTable table;
  for (const RouteOptions& route : wanted) {
    size_t cluster = 0;
    while (cluster < clusters.size() && clusters[cluster]->name() != route.upstream) ++cluster;
    if (cluster == clusters.size()) return missing(route, "upstream '" + route.upstream + "'");
    const auto compartment = clusters[cluster]->find_compartment(route.bulkhead);
    if (!compartment)
      return missing(route, "bulkhead '" + route.bulkhead + "' of " + route.upstream);
    table.routes_.push_back(std::make_unique<const Route>(
        route, static_cast<uint16_t>(table.routes_.size()), static_cast<uint16_t>(cluster),
        *compartment, registry, route.upstream));
  }
  for (int i = 0; i < kCriticalityCount; ++i) {
    table.unrouted_[static_cast<size_t>(i)] = registry.counter(
        observe::Metric::kRequests,
        {kUnrouted, to_string(static_cast<Criticality>(i)), to_string(Outcome::kIgnored)});
  }
  return table;
}

const Route* RouteTable::find(const http::RequestHead& request) const noexcept {
  for (const auto& route : routes_)
    if (route->matcher.matches(request)) return route.get();
  return nullptr;
}

void RouteTable::count_unrouted(uint16_t worker, Criticality criticality) const noexcept {
  unrouted_[static_cast<size_t>(criticality)].add(worker);
}

}  // namespace weir::proxy
