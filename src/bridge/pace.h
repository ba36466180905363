// Pace: how much may be in flight to the service now. Everything that admits, in one place.
#pragma once

#include <memory>
#include <optional>

#include "bridge/credits.h"
#include "bridge/options.h"
#include "bridge/overload_hold.h"
#include "bridge/retry_router.h"
#include "weir/policy/breaker.h"
#include "weir/policy/limiter.h"
#include "weir/policy/policy_stack.h"

namespace weir::bridge {

/// The right to send one record, and what must be known when its answer comes.
struct Flight {
  Permit permit;
  Instant sent_at{};
  bool tests = false;  ///< the one record that finds out whether the service is back
};

/// The engine's breaker and adaptive limiter, the overload hold, and what the service itself says
/// it takes (credits, for each of its endpoints). No queue: what is not admitted waits in Kafka. A
/// slow service does not open the breaker here: nobody waits for the answer, and the limiter finds
/// the pace. Sans-I/O; belongs to one thread.
class Pace {
 public:
  /// Errors: kUsage for an unknown law.
  static Expected<std::unique_ptr<Pace>> make(const DeliverOptions& options, uint64_t seed,
                                              Instant now);

  /// A flight, or the instant at which asking again can help without an answer coming first
  /// (kInstantMax: none).
  Expected<Flight, Instant> ask(Instant now);
  /// The delivery ended. The record's fate is the RetryRouter's business.
  void ended(Flight flight, const Delivery& delivery, Instant now);

  /// The service as a whole fails: no record is to be blamed.
  bool service_failing() const noexcept { return breaker_->state() != BreakerState::kClosed; }

  /// Lets the law decide; see Limiter::tick. `waiting`: records that are ready and not admitted.
  std::optional<LimitChange> tick(uint32_t waiting, Instant now);
  Instant next_tick() const noexcept { return limiter_->next_tick(); }

  const Limiter& limiter() const noexcept { return *limiter_; }
  const Breaker& breaker() const noexcept { return *breaker_; }
  const OverloadHold& hold() const noexcept { return hold_; }

 private:
  Pace(const DeliverOptions& options, std::unique_ptr<Limit> law, uint64_t seed, Instant now);

  RequestContext context_;
  Rng rng_;
  std::shared_ptr<Breaker> breaker_;
  std::shared_ptr<Limiter> limiter_;
  PolicyStack stack_;
  OverloadHold hold_{{}};
  CreditBound credits_;
  uint32_t endpoints_ = 1;
  bool testing_ = false;  // a test flight is out
};

}  // namespace weir::bridge
