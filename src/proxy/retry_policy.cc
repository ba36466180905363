#include "proxy/retry_policy.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace weir::proxy {
namespace {

using http::HeaderName;

std::optional<int64_t> integer_of(std::string_view text) noexcept {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// An hour is "never" for a retry, and arithmetic on it need not be feared.
constexpr int64_t kWaitMaxMs = 3'600'000;

bool is_wanted(const RetryOptions& options, const TryFacts& facts) noexcept {
  switch (facts.ending) {
    case TryEnding::kUnsent: return options.on_connect_failure;
    case TryEnding::kStale: return true;
    case TryEnding::kReset: return options.on_reset;
    case TryEnding::kTimeout: return options.on_timeout;
    case TryEnding::kStatus: return options.has_status(facts.status);
  }
  return false;
}

}  // namespace

Pushback pushback_of(const http::HeaderBlock& headers) noexcept {
  Pushback pushback;
  pushback.forbids = headers.contains(HeaderName::kXEnvoyOverloaded) ||
                     headers.contains(HeaderName::kXEnvoyRatelimited);
  if (headers.contains(HeaderName::kRetryAfter)) {
    const auto seconds = integer_of(headers.value(HeaderName::kRetryAfter));
    if (seconds && *seconds > 0)
      pushback.wait = std::chrono::seconds(std::min(*seconds, kWaitMaxMs / 1000));
  }
  if (headers.contains(HeaderName::kGrpcRetryPushbackMs)) {
    const auto millis = integer_of(headers.value(HeaderName::kGrpcRetryPushbackMs));
    if (!millis || *millis < 0) {
      pushback.forbids = true;
    } else {
      pushback.wait = std::chrono::milliseconds(std::min(*millis, kWaitMaxMs));
    }
  }
  return pushback;
}

bool is_retry(const http::HeaderBlock& headers) noexcept {
  const auto above = [&headers](HeaderName name, int64_t bound) {
    return headers.contains(name) && integer_of(headers.value(name)).value_or(0) > bound;
  };
  return above(HeaderName::kGrpcPreviousRpcAttempts, 0) ||
         above(HeaderName::kXEnvoyAttemptCount, 1);
}

bool is_repeatable(const http::RequestHead& request) noexcept {
  return http::is_idempotent(request.method) ||
         request.headers.contains(HeaderName::kIdempotencyKey);
}

RetryDecision decide_retry(const RetryOptions& options, const TryFacts& facts, Rng& rng) noexcept {
  const bool unsent = facts.ending == TryEnding::kUnsent;
  if (facts.tries >= options.tries_max || !facts.replayable || facts.pushback.forbids) return {};
  if (!is_wanted(options, facts)) return {};
  if (!unsent && (!facts.repeatable || facts.is_retry)) return {};
  RetryDecision decision{true, {}};
  // The first loss of a connection says nothing about load: another one is likely to work.
  const bool at_once = facts.tries == 1 && (unsent || facts.ending == TryEnding::kStale);
  if (!at_once) decision.delay = options.backoff.delay(facts.tries - 1, rng, facts.pushback.wait);
  if (decision.delay >= facts.left || facts.pushback.wait > options.pushback_max) return {};
  return decision;
}

}  // namespace weir::proxy
