#include "weir/policy/retry_budget.h"

#include <algorithm>
#include <cmath>

#include "weir/base/assert.h"

namespace weir {
namespace {

constexpr int kTickBits = 20;
constexpr double kTicksPerSecond = 1e9 / (1 << kTickBits);
constexpr uint32_t kMilli = 1000;

// Threads pass instants out of order, by less than this: 2^16 ticks ≈ 69 s. Anything else is time
// that went by, up to the 52 days after which the count of ticks comes round.
constexpr uint32_t kTicksBehindMax = 1 << 16;

uint32_t ticks_at(Instant now) noexcept {
  return static_cast<uint32_t>(now.time_since_epoch().count() >> kTickBits);
}

constexpr uint64_t pack(uint32_t ticks, uint32_t milli_tokens) noexcept {
  return uint64_t{ticks} << 32 | milli_tokens;
}

}  // namespace

RetryBudget::RetryBudget(Options options, Instant now) noexcept
    : options_(options),
      milli_deposit_(static_cast<uint32_t>(options.ratio * kMilli)),
      milli_max_(static_cast<uint32_t>(options.tokens_max * kMilli)),
      milli_per_tick_(options.min_rate * kMilli / kTicksPerSecond),
      word_(pack(ticks_at(now), milli_max_)) {
  WEIR_ASSERT(options.ratio >= 0 && options.ratio <= 1 && options.min_rate >= 0);
  WEIR_ASSERT(options.tokens_max >= 1 && options.tokens_max <= 4e6);
}

// The part of a tick's refill below a milli-token is not lost: the time stamp moves on only when
// whole milli-tokens were added, or when the bucket is full and there is nothing to remember.
RetryBudget::Bucket RetryBudget::refilled(uint64_t word, Instant now) const noexcept {
  Bucket bucket{static_cast<uint32_t>(word), static_cast<uint32_t>(word >> 32)};
  const uint32_t elapsed = ticks_at(now) - bucket.ticks;
  if (elapsed == 0 || elapsed > UINT32_MAX - kTicksBehindMax) return bucket;
  const double added = std::floor(elapsed * milli_per_tick_);
  if (bucket.milli_tokens + added >= milli_max_) return {milli_max_, ticks_at(now)};
  if (added < 1) return bucket;
  bucket.milli_tokens += static_cast<uint32_t>(added);
  bucket.ticks += static_cast<uint32_t>(std::ceil(added / milli_per_tick_));
  return bucket;
}

void RetryBudget::deposit(Instant now) noexcept {
  uint64_t word = word_.load(std::memory_order_relaxed);
  while (true) {
    if (static_cast<uint32_t>(word) >= milli_max_) return;
    const Bucket bucket = refilled(word, now);
    const uint32_t tokens = std::min(milli_max_, bucket.milli_tokens + milli_deposit_);
    if (word_.compare_exchange_weak(word, pack(bucket.ticks, tokens), std::memory_order_relaxed))
      return;
  }
}

bool RetryBudget::try_withdraw(Instant now) noexcept {
  uint64_t word = word_.load(std::memory_order_relaxed);
  while (true) {
    const Bucket bucket = refilled(word, now);
    if (bucket.milli_tokens < kMilli) return false;
    const uint64_t next = pack(bucket.ticks, bucket.milli_tokens - kMilli);
    if (word_.compare_exchange_weak(word, next, std::memory_order_relaxed)) return true;
  }
}

double RetryBudget::tokens(Instant now) const noexcept {
  return refilled(word_.load(std::memory_order_relaxed), now).milli_tokens /
         static_cast<double>(kMilli);
}

}  // namespace weir
