// RouteTable: which upstream a request goes to, and what it is treated like.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "observe/registry.h"
#include "proxy/cluster.h"
#include "proxy/route_matcher.h"
#include "proxy/telemetry.h"

namespace weir::proxy {

/// One kind of request. Constant after construction; any thread.
struct Route {
  Route(const RouteOptions& options, uint16_t index, uint16_t cluster, uint16_t compartment,
        observe::Registry& registry, const std::string& upstream);

  RouteMatcher matcher;
  uint16_t index;        ///< in the table; RequestContext::route
  uint16_t cluster;      ///< of the upstream, by its number
  uint16_t compartment;  ///< of the cluster, by its number
  Criticality priority;
  Duration timeout;  ///< zero: none
  Telemetry telemetry;
};

/// The routes in order. Constant after construction; any thread.
class RouteTable {
 public:
  /// Without routes in `options`, one named "default" takes everything to the first cluster.
  /// Errors: kConfig for a route to an upstream or a bulkhead that does not exist.
  static Expected<RouteTable> make(const Options& options,
                                   const std::vector<std::unique_ptr<Cluster>>& clusters,
                                   observe::Registry& registry);

  /// The first route that takes the request; null when none does.
  const Route* find(const http::RequestHead& request) const noexcept;

  /// Counts a request that was answered without a route: malformed, or none took it.
  void count_unrouted(uint16_t worker, Criticality criticality) const noexcept;

  size_t size() const noexcept { return routes_.size(); }
  const Route& operator[](size_t index) const noexcept { return *routes_[index]; }

 private:
  std::vector<std::unique_ptr<const Route>> routes_;
  std::array<observe::Counter, kCriticalityCount> unrouted_;
};

}  // namespace weir::proxy
