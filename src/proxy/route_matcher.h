// RouteMatcher: whether a request is of the kind that a route takes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"
#include "proxy/route_options.h"

namespace weir::proxy {

/// A RouteMatch, prepared so that a request costs a few comparisons and no allocation. Constant
/// after construction; any thread.
class RouteMatcher {
 public:
  explicit RouteMatcher(const RouteMatch& match);

  bool matches(const http::RequestHead& request) const noexcept;

 private:
  bool host_matches(std::string_view authority) const noexcept;
  bool path_matches(std::string_view path) const noexcept;
  bool method_matches(const http::RequestHead& request) const noexcept;
  bool headers_match(const http::HeaderBlock& headers) const noexcept;

  std::string host_;  // without the "*" of "*.example"
  std::string path_;  // without the "/*"
  std::vector<std::string> methods_;
  std::vector<std::pair<std::string, std::string>> headers_;
  bool below_host_ = false;
  bool below_path_ = false;
};

}  // namespace weir::proxy
