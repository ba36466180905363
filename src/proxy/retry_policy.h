// RetryPolicy: whether an attempt that ended badly is worth another one, and when. A decision from
// facts, without I/O; the budget is asked afterwards by whoever acts on it.
#pragma once

#include <cstdint>

#include "http/message.h"
#include "proxy/upstream_options.h"
#include "weir/base/rng.h"

namespace weir::proxy {

/// How a try ended.
enum class TryEnding : uint8_t {
  kUnsent,   ///< no connection, or the stream was refused: the upstream cannot have begun
  kStale,    ///< a pooled connection had been closed meanwhile
  kReset,    ///< the connection ended before the answer did
  kTimeout,  ///< no answer within the time of one try
  kStatus,   ///< an answer of this status
};

/// What an answer says about asking again.
struct Pushback {
  bool forbids = false;  ///< do not ask again
  Duration wait{};       ///< not before this
};

/// Retry-After in seconds, grpc-retry-pushback-ms (negative or unreadable forbids),
/// x-envoy-overloaded and x-envoy-ratelimited (forbid). A Retry-After with a date says nothing
/// here.
Pushback pushback_of(const http::HeaderBlock& headers) noexcept;

/// Whether the request is itself a retry of a layer above: then that layer retries, and not we.
/// From grpc-previous-rpc-attempts above 0 and x-envoy-attempt-count above 1.
bool is_retry(const http::HeaderBlock& headers) noexcept;

/// Whether sending it twice is as good as once: its method is idempotent, or it has an
/// Idempotency-Key.
bool is_repeatable(const http::RequestHead& request) noexcept;

struct TryFacts {
  TryEnding ending = TryEnding::kReset;
  uint16_t status = 0;
  Pushback pushback;
  int tries = 1;                    ///< so far, this one included
  bool repeatable = false;          ///< is_repeatable
  bool replayable = false;          ///< everything that was sent of it is still there
  bool is_retry = false;            ///< is_retry
  Duration left = Duration::max();  ///< until the deadline
};

struct RetryDecision {
  bool retry = false;
  Duration delay{};  ///< zero: at once, on the same permit
};

/// Never more tries than RetryOptions::tries_max, never past the deadline, never against a
/// pushback. What the upstream cannot have begun may be sent again whatever it is; the rest only
/// when it is repeatable and the options ask for it. A request that is a retry already is sent
/// again only when it was not sent at all.
RetryDecision decide_retry(const RetryOptions& options, const TryFacts& facts, Rng& rng) noexcept;

}  // namespace weir::proxy
