// Breaker: stops asking a service that fails, and finds out gently when it is back.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>

#include "weir/policy/call_window.h"
#include "weir/policy/policy.h"

namespace weir {

enum class BreakerState : uint8_t {
  kClosed,    ///< traffic flows and is watched
  kOpen,      ///< everything is refused until the cool-down ends
  kHalfOpen,  ///< a few probes decide
};

enum class BreakerCause : uint8_t {
  kFailureRate,    ///< too many of the recent calls failed
  kSlowRate,       ///< too many were slow, those still in flight past the slow mark included
  kCooldownOver,   ///< time to probe
  kProbesPassed,   ///< as many probes succeeded as were asked for
  kProbeFailed,    ///< a probe failed or was slow
  kProbesOverdue,  ///< probes did not end within the time bound
  kProbesRenewed,  ///< the time bound passed without a verdict and without a probe in flight
  kOperator,       ///< by hand
};

const char* to_string(BreakerState state) noexcept;
const char* to_string(BreakerCause cause) noexcept;

/// One transition, with what was known when it was decided.
struct BreakerTransition {
  uint32_t generation = 0;  ///< counts transitions from 1, modulo 2^16
  BreakerState from = BreakerState::kClosed;
  BreakerState to = BreakerState::kClosed;
  BreakerCause cause = BreakerCause::kOperator;
  Instant at{};
  Instant until{};     ///< end of the cool-down or of the probing; `at` for closed
  uint32_t calls = 0;  ///< in the window, overdue calls included
  uint16_t failed_permille = 0;
  uint16_t slow_permille = 0;
};

/// Closed, open, half-open. Opens when, of at least `calls_min` calls in the window, too many
/// failed or were slow. A call in flight for longer than `slow_after` counts as slow at once, so a
/// service that hangs is noticed although nothing ends. The cool-down doubles with each opening in
/// a row. Half-open, `probes` calls are let through; all must succeed. It cannot stick: a probe
/// that is lost ends as kIgnored and frees its place, and probes that hang end the half-open state
/// by its bound.
///
/// An answer of overload (kDropped) is the limiter's business and by default counts for nothing
/// here. But whatever ends after slow_after was a slow call, a time-out (kDropped) and a caller who
/// lost patience (kIgnored) too.
///
/// Calls admitted before the last transition are ignored when they end. A refusal carries the share
/// of calls, in percent, that opened the breaker, and the share that opens it; zeros when it was
/// opened by hand.
///
/// Any thread. Closed, a call costs a few plain loads and stores on the worker's own lines (see
/// CallWindow). What decides is in one word, changed by compare-and-swap, so every transition
/// happens once. Instants from 0 to 18 years.
class Breaker final : public Policy {
 public:
  struct Options {
    double failed_ratio = 0.5;                        ///< opens at this share; > 1 never
    double slow_ratio = 0.8;                          ///< opens at this share; > 1 never
    Duration slow_after = std::chrono::seconds(1);    ///< at most 10 × window
    Duration window = std::chrono::seconds(10);       ///< at least 10 ms
    uint32_t calls_min = 20;                          ///< judges nothing on fewer calls
    Duration open_initial = std::chrono::seconds(5);  ///< first cool-down, ±20 %; at least 2 ms
    Duration open_max = std::chrono::seconds(60);
    uint32_t probes = 3;  ///< 1 to 1000
    Duration half_open_max = std::chrono::seconds(30);
    bool dropped_is_failure = false;  ///< an answer of overload counts as a failure
    uint64_t seed = 0;                ///< of the cool-down's jitter
    uint16_t worker_count = 1;        ///< RequestContext::worker is below it
  };

  Breaker(Options options, Instant now);
  ~Breaker() override;

  std::string_view name() const noexcept override { return "breaker"; }
  Expected<Ticket, Rejection> admit(const RequestContext& context, Instant now) noexcept override;
  void complete(Ticket ticket, const Completion& completion) noexcept override;

  BreakerState state() const noexcept;
  /// Until when the state lasts if nothing happens; Instant::min() when closed. To about 1 ms.
  Instant until() const noexcept;
  CallRates rates(Instant now) const noexcept { return calls_.rates(generation(), now); }
  /// Counts transitions, modulo 2^16.
  uint32_t generation() const noexcept;

  /// Copies the transitions after `generation` that are still remembered (the last kHistory),
  /// oldest first; returns how many. Pass the generation of the last one seen, 0 at first.
  size_t transitions_after(uint32_t generation, std::span<BreakerTransition> out) const noexcept;

  /// By hand: opens for `cooldown`, or closes. One transition, cause kOperator.
  void open(Duration cooldown, Instant now) noexcept;
  void close(Instant now) noexcept;

  static constexpr size_t kHistory = 16;
  const Options& options() const noexcept { return options_; }

 private:
  struct Word;
  struct Record;
  enum class Verdict : uint8_t { kNothing, kPassed, kFailed, kSlow };

  Verdict verdict(const Completion& completion) const noexcept;
  Expected<Ticket, Rejection> admit_probe(const Word& word, Instant now, bool& again) noexcept;
  void complete_probe(const Word& word, Verdict verdict, Instant now) noexcept;
  void probing_ran_out(const Word& word, Instant now) noexcept;
  void judge(const Word& word, Instant now) noexcept;
  bool open_after(const Word& word, BreakerCause cause, const CallRates& rates,
                  Instant now) noexcept;
  bool turn(const Word& from, Word to, BreakerCause cause, const CallRates& rates,
            Instant now) noexcept;
  void remember_opening(BreakerCause cause, const CallRates& rates) noexcept;
  Unexpected<Rejection> refuse(const Word& word, Instant now) const noexcept;
  Duration cooldown(uint32_t openings, uint32_t generation) const noexcept;

  Options options_;
  std::atomic<uint64_t> word_;
  CallWindow calls_;
  std::unique_ptr<Record[]> records_;
  // What opened it last, in percent: the share seen in the low half, the bound in the high half.
  std::atomic<uint64_t> opened_by_{0};
  alignas(64) std::atomic<uint64_t> probes_{0};
};

}  // namespace weir
