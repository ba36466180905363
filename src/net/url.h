// Url: the address of an upstream as people write it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/expected.h"

namespace weir::net {

/// SCHEME://HOST[:PORT][/]. Nothing more means anything to a proxy that forwards paths unchanged.
struct Url {
  /// What the caller can speak: only HTTP/1 in clear text, or all that weir's proxy can.
  enum class Schemes : uint8_t { kHttp, kAll };

  std::string host;    ///< without brackets
  uint16_t port = 80;  ///< 443 with TLS
  std::string
      authority;  ///< as the Host header writes it: the scheme's port left out, IPv6 in brackets
  std::string endpoint;  ///< for Address::resolve: HOST:PORT or unix:/path
  bool h2 = false;       ///< h2c://, h2c+unix: with prior knowledge; h2s://
  bool tls = false;      ///< https://, h2s://

  /// Also takes unix:/path. Errors: kUsage, saying which part is wrong and how to write it.
  static Expected<Url> parse(std::string_view text, Schemes schemes = Schemes::kHttp);
};

}  // namespace weir::net
