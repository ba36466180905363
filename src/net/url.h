// Url: the address of an upstream as people write it.
#pragma once

#include <string>
#include <string_view>

#include "weir/base/expected.h"

namespace weir::net {

/// http://HOST[:PORT][/]. Nothing more means anything to a proxy that forwards paths unchanged.
struct Url {
  std::string host;  ///< without brackets
  uint16_t port = 80;
  std::string authority;  ///< as the Host header writes it: port 80 left out, IPv6 in brackets
  std::string endpoint;   ///< for Address::resolve: HOST:PORT or unix:/path

  /// Also takes unix:/path. Errors: kUsage, saying which part is wrong and how to write it.
  static Expected<Url> parse(std::string_view text);
};

}  // namespace weir::net
