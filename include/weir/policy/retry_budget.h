// RetryBudget: retries are paid for by successes, so a failing service is not finished off by them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "weir/base/time.h"

namespace weir {

/// A token bucket. Each success deposits `ratio` tokens, time deposits `min_rate`, a retry takes
/// one; the bucket holds at most `tokens_max`. Withdraw before the back-off, not after it, so that
/// retries that still wait are counted (envoy #30205 shows what happens otherwise).
///
/// So over any stretch of time T: retries ≤ tokens_max + ratio × successes in T + min_rate × T.
/// Unlike a budget over the last 10 s of traffic (Finagle), what a healthy past has saved up is
/// bounded: when everything fails at 10,000/s, a saved 20 % of 10 s would be 20,000 more requests
/// at the worst time.
///
/// Any thread. One word: a deposit into a full bucket, the healthy case, only reads it; else one
/// compare-and-swap. Times are kept in units of 2^20 ns ≈ 1 ms; instants may come out of order
/// between threads.
class RetryBudget {
 public:
  struct Options {
    double ratio = 0.2;       ///< tokens a success, 0–1
    double min_rate = 10;     ///< tokens a second for services with little traffic
    double tokens_max = 100;  ///< 10 s of min_rate; 1 to 4,000,000
  };

  /// Begins full.
  RetryBudget(Options options, Instant now) noexcept;

  /// A request succeeded.
  void deposit(Instant now) noexcept;

  /// May one request be tried again? Takes the token if so.
  bool try_withdraw(Instant now) noexcept;

  /// Tokens now, not below 0; and their share of tokens_max, 0–1.
  double tokens(Instant now) const noexcept;
  double fill_ratio(Instant now) const noexcept { return tokens(now) / options_.tokens_max; }
  const Options& options() const noexcept { return options_; }

 private:
  struct Bucket {
    uint32_t milli_tokens;
    uint32_t ticks;
  };
  Bucket refilled(uint64_t word, Instant now) const noexcept;

  Options options_;
  uint32_t milli_deposit_;
  uint32_t milli_max_;
  double milli_per_tick_;
  alignas(64) std::atomic<uint64_t> word_;  // ticks in the high half, milli-tokens in the low half
};

}  // namespace weir
