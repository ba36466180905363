// Options of routes and bulkheads: which request goes where, and how much of the upstream it may
// take.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "weir/base/time.h"
#include "weir/policy/criticality.h"

namespace weir::proxy {

/// What a request must be to take a route; what is empty matches everything.
struct RouteMatch {
  /// A host without port, "shop.example", or "*.example" for every host below it. Letter case does
  /// not count.
  std::string host;
  /// "/cart" exactly, or "/cart/*": /cart itself and all below it. The query does not count, and
  /// nothing is decoded: what is matched is what the upstream is asked for.
  std::string path;
  std::vector<std::string> methods;
  /// Each of these headers must be there with this value; "*" takes any.
  std::map<std::string, std::string> headers;
};

/// A route: requests of one kind, and what they are treated like.
struct RouteOptions {
  std::string name;  ///< in metrics; empty: the path that it matches, else "default"
  RouteMatch match;
  std::string upstream;  ///< its name
  std::string bulkhead;  ///< its name; empty: what the upstream's bulkheads leave
  /// Of requests that claim no criticality of their own.
  Criticality priority = Criticality::kCritical;
  /// From the arrival to the last byte of the answer's head, retries included; zero: only
  /// Timeouts::response bounds it.
  Duration timeout{};
};

/// A share of one upstream that a kind of work may fill, and no more; see weir::Bulkhead.
struct BulkheadOptions {
  std::string name;
  std::string upstream;
  double reserve_ratio = 0;   ///< of the concurrency limit: nobody else gets it
  double max_ratio = 1;       ///< of the concurrency limit
  uint32_t max = UINT32_MAX;  ///< requests in flight; 0 blocks
};

}  // namespace weir::proxy
