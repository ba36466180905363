#include "bridge/pace.h"

#include <algorithm>
#include <string>

#include "weir/control/fixed_limit.h"
#include "weir/control/registry.h"

namespace weir::bridge {
namespace {

// A breaker that refuses without saying for how long: no sooner than its own resolution.
constexpr Duration kAskAgainMin = std::chrono::milliseconds(10);
constexpr double kNever = 2.0;

Breaker::Options breaker_options(uint64_t seed) {
  Breaker::Options options;
  options.slow_ratio = kNever;
  options.seed = seed;
  return options;
}

Outcome outcome_of(Answer answer) {
  switch (answer) {
    case Answer::kDelivered: return Outcome::kSuccess;
    case Answer::kOverloaded: return Outcome::kDropped;
    case Answer::kTimedOut: return Outcome::kDropped;
    case Answer::kUnreachable: return Outcome::kFailure;
    case Answer::kFailed: return Outcome::kFailure;
    case Answer::kRejected: return Outcome::kSuccess;  // an ordinary amount of work
  }
  return Outcome::kIgnored;
}

}  // namespace

Expected<std::unique_ptr<Pace>> Pace::make(const DeliverOptions& options, uint64_t seed,
                                           Instant now) {
  std::unique_ptr<Limit> law =
      options.in_flight_min == options.in_flight_max
          ? std::make_unique<FixedLimit>(FixedLimitOptions{options.in_flight_max})
          : make_limit(options.law, seed);
  if (!law) {
    return Unexpected<Error>(
        Error{ErrorKind::kUsage, "there is no control law '" + options.law + "'", ""});
  }
  return std::unique_ptr<Pace>(new Pace(options, std::move(law), seed, now));
}

Pace::Pace(const DeliverOptions& options, std::unique_ptr<Limit> law, uint64_t seed, Instant now)
    : rng_(seed),
      breaker_(std::make_shared<Breaker>(breaker_options(seed), now)),
      limiter_(std::make_shared<Limiter>(
          std::move(law), Limiter::Options{options.in_flight_min, options.in_flight_max, 1}, now)),
      stack_({breaker_, limiter_}) {
  context_.criticality = options.priority;
  endpoints_ = std::max(static_cast<uint32_t>(options.to.size()), 1u);
}

Expected<Flight, Instant> Pace::ask(Instant now) {
  if (hold_.holds(now)) return Unexpected<Instant>(hold_.until());
  const bool tests = hold_.testing();
  if (tests && testing_) return Unexpected<Instant>(kInstantMax);
  if (!credits_.admits(limiter_->inflight(), now)) return Unexpected<Instant>(credits_.until());
  auto permit = stack_.admit(context_, now);
  if (!permit) {
    const Rejection& rejection = permit.error();
    if (rejection.reason == Reason::kConcurrencyLimit) return Unexpected<Instant>(kInstantMax);
    return Unexpected<Instant>(now + std::max(rejection.retry_after, kAskAgainMin));
  }
  testing_ |= tests;
  return Flight{std::move(*permit), now, tests};
}

void Pace::ended(Flight flight, const Delivery& delivery, Instant now) {
  std::move(flight.permit).complete(outcome_of(delivery.answer), now);
  if (flight.tests) testing_ = false;
  if (delivery.credits) {
    const uint64_t all = uint64_t{*delivery.credits} * endpoints_;
    credits_.granted(static_cast<uint32_t>(std::min<uint64_t>(all, UINT32_MAX)), now);
  }
  switch (delivery.answer) {
    case Answer::kOverloaded:
    case Answer::kUnreachable:
      hold_.refused(delivery.retry_after, flight.sent_at, now, rng_);
      return;
    case Answer::kTimedOut: return;  // the limiter's signal; it says nothing about the next record
    case Answer::kDelivered:
    case Answer::kFailed:
    case Answer::kRejected: return hold_.answered();
  }
}

std::optional<LimitChange> Pace::tick(uint32_t waiting, Instant now) {
  HostSignals signals;
  signals.queued = waiting;
  limiter_->set_signals(signals);
  return limiter_->tick(now);
}

}  // namespace weir::bridge
