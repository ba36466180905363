// Answer: a response of weir's own, said in terms that every protocol can carry.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/h1_error.h"
#include "weir/policy/reason.h"

namespace weir::proxy {

/// Why weir answers in place of the upstream, other than by a policy's refusal.
enum class Fault : uint8_t {
  kMalformedRequest,    ///< the codec's error says which rule it breaks
  kRequestTimeout,      ///< head or body came too slowly
  kUpgradeUnsupported,  ///< CONNECT
  kNoRoute,             ///< the configuration has no route that takes it
  kConnectRefused,      ///< no endpoint accepted a connection
  kConnectTimeout,
  kUpstreamTls,        ///< TLS could not be agreed on, or the certificate is not the upstream's
  kUpstreamClosed,     ///< the connection ended before the response did
  kUpstreamMalformed,  ///< the response breaks the protocol
  kResponseTimeout,    ///< no response head in time
};

const char* to_string(Fault fault) noexcept;

/// What an answer says. Text fields borrow; they must live until the answer is written.
struct Answer {
  uint16_t status = 503;
  uint8_t grpc_status = 14;  ///< in its place to gRPC callers
  std::string_view type;     ///< the slug of the problem type
  std::string_view title;
  std::string_view reason;        ///< machine-readable, in metrics and in the body
  std::string_view policy;        ///< the policy that refused; empty for faults
  std::string_view proxy_status;  ///< the error token of RFC 9209
  std::string_view detail;        ///< one sentence with the numbers in it
  int64_t retry_after_ms = -1;    ///< below zero: there is no point in saying
  bool overloaded = false;        ///< tell meshes not to retry
};

}  // namespace weir::proxy
