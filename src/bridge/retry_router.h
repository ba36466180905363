// RetryRouter: what becomes of a record after a delivery ended.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridge/key_lanes.h"
#include "weir/base/rng.h"

namespace weir::bridge {

/// How a delivery ended, as far as the record is concerned.
enum class Answer : uint8_t {
  kDelivered,    ///< the service has it
  kOverloaded,   ///< the service says "not now" (429, 503, 529): not the record's fault
  kUnreachable,  ///< no connection: not the record's fault either
  kFailed,       ///< an error of the service, or the connection broke after the record was sent
  kTimedOut,     ///< no answer in time
  kRejected,     ///< the service will never take it (other 4xx, 3xx)
};

const char* to_string(Answer answer) noexcept;

/// The end of one delivery.
struct Delivery {
  Answer answer = Answer::kDelivered;
  int status = 0;          ///< HTTP status; 0 when there was no answer
  Duration retry_after{};  ///< what the service asked for; 0: nothing
  std::string error;       ///< one sentence, empty when delivered
  /// How many records the service takes from us at once, if it said.
  std::optional<uint32_t> credits{};
};

/// Where the record goes.
enum class Step : uint8_t {
  kDone,        ///< its offset counts as done
  kAgain,       ///< stays at the head of its lane
  kRetryTopic,  ///< moves to the next retry topic, then counts as done
  kDeadLetter,  ///< moves to the dead-letter topic, then counts as done
};

struct Decision {
  Step step = Step::kDone;
  int tier = 0;         ///< for kRetryTopic: which, from 1
  Duration delay{};     ///< for kAgain and kRetryTopic: not before this long from now
  bool counts = false;  ///< this delivery used up one of the record's attempts
};

struct RetryOptions {
  /// Deliveries at the head of the lane, the first included; at least 1.
  int attempts = 3;
  /// Between them: full jitter over base · 2^(n−1), at most max.
  Duration backoff_base = std::chrono::milliseconds(100);
  Duration backoff_max = std::chrono::seconds(5);
  /// One retry topic each, one delivery each, not before its delay; at most kTiersMax. They are not
  /// used with Ordering::kPartition, where moving one record would mean to move all behind it.
  std::vector<Duration> tiers = {std::chrono::seconds(10), std::chrono::seconds(60)};
};

/// A pure decision. A record is delivered at most `attempts + tiers` times by its own fault, then
/// goes to the dead-letter topic. What is the service's fault never uses up an attempt: overload,
/// no connection, and any failure while the breaker says that the service as a whole is failing.
/// Thread-safe; randomness is an argument.
class RetryRouter {
 public:
  RetryRouter(RetryOptions options, Ordering ordering);

  /// `service_failing`: the breaker is not closed.
  Decision decide(const Record& record, const Delivery& delivery, bool service_failing,
                  Rng& rng) const;

  int tier_count() const noexcept { return static_cast<int>(options_.tiers.size()); }
  const RetryOptions& options() const noexcept { return options_; }

 private:
  Decision again(int failures, Duration at_least, bool counts, Rng& rng) const;
  Decision onward(const Record& record) const;

  RetryOptions options_;
};

}  // namespace weir::bridge
