// What an upstream's answer means for control.
#pragma once

#include <string_view>

#include "http/message.h"
#include "weir/base/outcome.h"

namespace weir::proxy {

/// A gRPC call that the service itself ended with `status` (grpc-status, decimal).
/// UNAVAILABLE and DEADLINE_EXCEEDED say overload, RESOURCE_EXHAUSTED is a quota, CANCELLED the
/// caller's wish; UNKNOWN, INTERNAL, DATA_LOSS and what nobody can read are failures. All else is
/// an answer about the request.
inline Outcome outcome_of_grpc(std::string_view status) noexcept {
  if (status == "14" || status == "4") return Outcome::kDropped;
  if (status == "8" || status == "1") return Outcome::kIgnored;
  if (status == "2" || status == "13" || status == "15") return Outcome::kFailure;
  const bool known = (status.size() == 1 && status >= "0" && status <= "9") ||
                     (status.size() == 2 && status >= "10" && status <= "16");
  return known ? Outcome::kSuccess : Outcome::kFailure;
}

/// 503 and 529 say overload: kDropped. 429 is a quota of one caller and says nothing about the
/// service: kIgnored, unless it is marked as overload. Other 5xx are failures of the service's own.
/// All else, 4xx included, took the service an ordinary amount of work: kSuccess.
inline Outcome outcome_of(const http::ResponseHead& response) noexcept {
  const uint16_t status = response.status;
  if (status == 200 && response.headers.contains(http::HeaderName::kGrpcStatus))
    return outcome_of_grpc(response.headers.value(http::HeaderName::kGrpcStatus));
  if (status < 429) return Outcome::kSuccess;
  if (response.headers.contains(http::HeaderName::kXEnvoyOverloaded)) return Outcome::kDropped;
  if (status == 503 || status == 529) return Outcome::kDropped;
  if (status == 429) return Outcome::kIgnored;
  return status >= 500 ? Outcome::kFailure : Outcome::kSuccess;
}

}  // namespace weir::proxy
