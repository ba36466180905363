// ClientThrottle: a caller that refuses itself what the service would refuse, from nothing but its
// answers.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "weir/base/rng.h"
#include "weir/base/time.h"

namespace weir {

/// Adaptive throttling (Google SRE book, ch. 21). Over the last `window`, of `requests` that the
/// caller wanted to make, the service took `accepts`. The next is refused here with probability
///
///   max(0, (requests − k · accepts) / (requests + 1))
///
/// so the service sees at most about k times what it accepts: with k = 2 one refusal for each
/// success. Requests refused here count as requests, which makes it grow under more load; the
/// window makes it forget.
///
/// Only explicit answers of overload are not accepts. Failures of the service's own are accepts: a
/// broken service is the breaker's business. When not to use it: where the service sends credits
/// (CreditWindow), which need no refusals to learn from.
///
/// Not thread-safe: one a worker. Costs a few nanoseconds; sums are kept, not recomputed.
class ClientThrottle {
 public:
  struct Options {
    double k = 2;                                ///< ≥ 1; smaller refuses earlier
    Duration window = std::chrono::seconds(30);  ///< ≥ kParts ns
    /// Below so many requests in the window nothing is refused: a few answers prove nothing.
    uint32_t requests_min = 10;
  };

  explicit ClientThrottle(Options options);

  /// Counts a request; false when it should be refused here, without asking the service.
  bool try_begin(Instant now, Rng& rng) noexcept;
  /// The service answered, other than by "overload".
  void accepted(Instant now) noexcept;

  /// The probability in force.
  double refusal_ratio(Instant now) noexcept;
  uint64_t requests() const noexcept { return requests_; }
  uint64_t accepts() const noexcept { return accepts_; }

  static constexpr int kParts = 10;

 private:
  struct Part {
    uint32_t requests = 0;
    uint32_t accepts = 0;
  };

  Part& part(Instant now) noexcept;

  Options options_;
  std::array<Part, kParts> parts_{};
  int64_t newest_ = 0;  // number of the part that is being filled
  uint64_t requests_ = 0;
  uint64_t accepts_ = 0;
};

}  // namespace weir
