// What an upstream's answer means for control.
#pragma once

#include "http/message.h"
#include "weir/base/outcome.h"

namespace weir::proxy {

/// 503 and 529 say overload: kDropped. 429 is a quota of one caller and says nothing about the
/// service: kIgnored, unless it is marked as overload. Other 5xx are failures of the service's own.
/// All else, 4xx included, took the service an ordinary amount of work: kSuccess.
inline Outcome outcome_of(const http::ResponseHead& response) noexcept {
  const uint16_t status = response.status;
  if (status < 429) return Outcome::kSuccess;
  if (response.headers.contains(http::HeaderName::kXEnvoyOverloaded)) return Outcome::kDropped;
  if (status == 503 || status == 529) return Outcome::kDropped;
  if (status == 429) return Outcome::kIgnored;
  return status >= 500 ? Outcome::kFailure : Outcome::kSuccess;
}

}  // namespace weir::proxy
