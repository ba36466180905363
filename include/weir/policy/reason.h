// Reason: why work was refused. The one vocabulary that hosts translate to the wire.
#pragma once

#include <cstdint>

#include "weir/base/expected.h"
#include "weir/base/time.h"

namespace weir {

enum class Reason : uint8_t {
  kConcurrencyLimit,    ///< the limiter is at its limit and there is no queue, or no place in it
  kQueueFull,           ///< the admission queue is at its depth
  kQueueTimeout,        ///< waited as long as the queue allows
  kShed,                ///< CoDel: the queue stands, and this entry is part of its slough
  kPriority,            ///< below the priority threshold in force
  kBulkheadFull,        ///< this bulkhead's own share is used up
  kPoolFull,            ///< no connection to be had within the bound
  kBreakerOpen,         ///< the breaker lets nothing through until its cool-down ends
  kDeadlinePassed,      ///< the caller has given up already
  kDeadlineInfeasible,  ///< it would be too late by the time it is done
  kRetryBudget,         ///< the retry budget is empty
  kQuota,               ///< a client's or tenant's quota is used up
  kNoCredit,            ///< the service's credits are used up
  kDraining,            ///< this process is shutting down
};

inline constexpr int kReasonCount = 14;

/// The name as metrics, logs and problem documents write it, for example "concurrency_limit".
const char* to_string(Reason reason) noexcept;

/// Whether waiting a moment can turn this refusal into an admission. Only such refusals may enter
/// an AdmissionQueue; the others are final for this attempt.
bool worth_waiting(Reason reason) noexcept;

/// A refusal: a value, never an error. `retry_after` is the policy's best estimate of when trying
/// again can succeed, zero when it knows nothing. `value` and `bound` are the numbers behind it, in
/// the policy's unit (in flight, depth, milliseconds, percent).
struct Rejection {
  Reason reason = Reason::kConcurrencyLimit;
  uint8_t policy_index = 0;  ///< position in the stack, outermost first
  uint32_t value = 0;
  uint32_t bound = 0;
  Duration retry_after{};
};

/// A refusal for this reason, with what stood against what. No hint when to come back.
inline Unexpected<Rejection> reject(Reason reason, uint32_t value, uint32_t bound) noexcept {
  return Unexpected<Rejection>(Rejection{reason, 0, value, bound, Duration::zero()});
}

}  // namespace weir
