#include "weir/policy/client_throttle.h"

#include <algorithm>

#include "weir/base/assert.h"

namespace weir {

ClientThrottle::ClientThrottle(Options options) : options_(options) {
  WEIR_ASSERT(options.k >= 1 && options.window.count() >= kParts);
}

// Parts that time has passed by are emptied, at most all of them.
ClientThrottle::Part& ClientThrottle::part(Instant now) noexcept {
  const int64_t current = now.time_since_epoch().count() / (options_.window.count() / kParts);
  const int64_t steps = std::min<int64_t>(current - newest_, kParts);
  for (int64_t i = 1; i <= steps; ++i) {
    Part& old = parts_[static_cast<size_t>((current - steps + i) % kParts)];
    requests_ -= old.requests;
    accepts_ -= old.accepts;
    old = {};
  }
  newest_ = std::max(newest_, current);
  return parts_[static_cast<size_t>(newest_ % kParts)];
}

double ClientThrottle::refusal_ratio(Instant now) noexcept {
  part(now);
  if (requests_ < options_.requests_min) return 0;
  const auto requests = static_cast<double>(requests_);
  const auto accepts = static_cast<double>(accepts_);
  return std::max(0.0, (requests - options_.k * accepts) / (requests + 1));
}

bool ClientThrottle::try_begin(Instant now, Rng& rng) noexcept {
  const double ratio = refusal_ratio(now);
  ++part(now).requests;
  ++requests_;
  return ratio <= 0 || rng.uniform() >= ratio;
}

void ClientThrottle::accepted(Instant now) noexcept {
  ++part(now).accepts;
  ++accepts_;
}

}  // namespace weir
