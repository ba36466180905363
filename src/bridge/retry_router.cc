#include "bridge/retry_router.h"

#include <algorithm>

#include "weir/base/assert.h"

namespace weir::bridge {

const char* to_string(Answer answer) noexcept {
  switch (answer) {
    case Answer::kDelivered: return "delivered";
    case Answer::kOverloaded: return "overloaded";
    case Answer::kUnreachable: return "unreachable";
    case Answer::kFailed: return "failed";
    case Answer::kTimedOut: return "timed_out";
    case Answer::kRejected: return "rejected";
  }
  return "?";
}

RetryRouter::RetryRouter(RetryOptions options, Ordering ordering) : options_(std::move(options)) {
  if (ordering == Ordering::kPartition) options_.tiers.clear();
  WEIR_ASSERT(options_.attempts >= 1 && options_.tiers.size() <= kTiersMax);
}

Decision RetryRouter::decide(const Record& record, const Delivery& delivery, bool service_failing,
                             Rng& rng) const {
  switch (delivery.answer) {
    case Answer::kDelivered: return {};
    case Answer::kOverloaded:
    case Answer::kUnreachable: return again(1, delivery.retry_after, false, rng);
    case Answer::kRejected: return {Step::kDeadLetter, 0, {}, true};
    case Answer::kFailed:
    case Answer::kTimedOut: break;
  }
  if (service_failing) return again(1, delivery.retry_after, false, rng);
  const int failures = record.attempts + 1;
  if (record.tier == 0 && failures < options_.attempts)
    return again(failures, delivery.retry_after, true, rng);
  return onward(record);
}

Decision RetryRouter::again(int failures, Duration at_least, bool counts, Rng& rng) const {
  Duration ceiling = options_.backoff_base;
  for (int i = 1; i < failures && ceiling < options_.backoff_max; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, options_.backoff_max);
  const Duration jittered(static_cast<int64_t>(rng.below(static_cast<uint64_t>(ceiling.count()))));
  return {Step::kAgain, 0, at_least + jittered, counts};
}

Decision RetryRouter::onward(const Record& record) const {
  if (record.tier >= tier_count()) return {Step::kDeadLetter, 0, {}, true};
  const Duration delay = options_.tiers[static_cast<size_t>(record.tier)];
  return {Step::kRetryTopic, record.tier + 1, delay, true};
}

}  // namespace weir::bridge
