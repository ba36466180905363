// Which services a request to the lab's service calls before it is answered.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "weir/base/expected.h"

namespace weir::lab {

/// One downstream request: a GET of a URL.
struct Call {
  std::string endpoint;  ///< host:port
  net::Address address;  ///< resolved at start-up
  std::string request;   ///< the whole message, ready to send
};

/// The calls made for paths that begin with `prefix`.
struct CallRoute {
  std::string prefix;
  std::vector<Call> calls;
  bool parallel = false;  ///< all at once instead of one after the other
};

/// "/checkout=http://127.0.0.1:1/pay,http://127.0.0.1:2/stock" calls one after the other,
/// "/checkout=http://…&http://…" at the same time. Without "PREFIX=" it holds for every path.
Expected<CallRoute> parse_call_route(std::string_view text);

/// The route with the longest prefix of `path`, or null.
const CallRoute* find_route(const std::vector<CallRoute>& routes, std::string_view path);

}  // namespace weir::lab
