#include "weir/policy/limiter.h"

#include <algorithm>
#include <limits>

#include "weir/base/assert.h"

namespace weir {
namespace {

// A window that is long enough but short of samples is looked at again after this part of its
// shortest length, so that it closes soon after the sample that completes it.
constexpr int kTicksPerWindow = 4;
constexpr Duration kTickMin = std::chrono::milliseconds(1);

constexpr int64_t kSampleAll = std::numeric_limits<int64_t>::min();

}  // namespace

Limiter::Limiter(std::unique_ptr<Limit> law, Options options, Instant now)
    : limit_(1),
      sample_from_(kSampleAll),
      samples_(options.worker_count),
      law_(std::move(law)),
      options_(options),
      window_begin_(now),
      next_tick_(now + law_->window().duration_min),
      inflight_(take_counter(line_)) {
  WEIR_ASSERT(options.limit_min >= 1 && options.limit_min <= options.limit_max);
  const uint32_t initial = clamp(law_->initial());
  limit_.store(initial, std::memory_order_relaxed);
  last_move_.at = now;
  last_move_.before = last_move_.after = initial;
}

uint32_t Limiter::clamp(uint32_t limit) const noexcept {
  return std::clamp(limit, options_.limit_min, options_.limit_max);
}

Rejection Limiter::refusal(uint32_t inflight, uint32_t limit) const noexcept {
  Rejection rejection;
  rejection.reason = Reason::kConcurrencyLimit;
  rejection.value = inflight;
  rejection.bound = limit;
  rejection.retry_after = Duration(retry_after_.load(std::memory_order_relaxed));
  return rejection;
}

Expected<Ticket, Rejection> Limiter::admit(const RequestContext& context, Instant) noexcept {
  WEIR_ASSERT(context.worker < samples_.worker_count());
  const uint32_t limit = limit_.load(std::memory_order_relaxed);
  const uint32_t units = std::min(context.cost, limit);
  const Counted counted = count_in(*inflight_, units, limit);
  const auto before = static_cast<uint32_t>(counted.before);
  if (!counted.in) {
    if (!context.waiting) samples_.record_limited(context.worker);
    return Unexpected<Rejection>(refusal(before, limit));
  }
  samples_.record_admitted(context.worker, before + units);
  return Ticket(units, 0);
}

// The count last: the bulkhead's, on the same cache line, comes right after it.
void Limiter::complete(Ticket ticket, const Completion& completion) noexcept {
  record(completion);
  inflight_->fetch_sub(ticket.units(), std::memory_order_seq_cst);
}

void Limiter::record(const Completion& completion) noexcept {
  switch (completion.outcome) {
    case Outcome::kSuccess: {
      const int64_t from = sample_from_.load(std::memory_order_relaxed);
      if (completion.admitted_at.time_since_epoch().count() >= from)
        samples_.record_sampled(completion.worker, completion.latency());
      else
        samples_.record_unsampled(completion.worker);
      return;
    }
    case Outcome::kFailure: samples_.record_failure(completion.worker); return;
    case Outcome::kDropped: samples_.record_dropped(completion.worker); return;
    case Outcome::kIgnored: samples_.record_ignored(completion.worker); return;
  }
}

WindowStats Limiter::close_window(Instant now) noexcept {
  WindowStats window;
  window.begin = window_begin_;
  window.end = now;
  window.limit = limit();
  window.inflight = inflight();
  window.queued = signals_.queued;
  window.cpu_throttled_ratio = signals_.cpu_throttled_ratio;
  window.pressure_ratio = signals_.pressure_ratio;
  window.cpu_used_ratio = signals_.cpu_used_ratio;
  samples_.gather(window);
  window.inflight_peak += signals_.withheld;
  window_begin_ = now;
  return window;
}

std::optional<LimitChange> Limiter::tick(Instant now) noexcept {
  const WindowSpec spec = law_->window();
  const Duration age = now - window_begin_;
  const bool full = age >= spec.duration_min && samples_.signals() >= spec.samples_min;
  if (!full && age < spec.duration_max) {
    const Duration step = std::max(spec.duration_min / kTicksPerWindow, kTickMin);
    next_tick_ = std::min(window_begin_ + spec.duration_max,
                          std::max(window_begin_ + spec.duration_min, now + step));
    return std::nullopt;
  }

  std::optional<LimitChange> change(std::in_place);
  change->window = close_window(now);
  const LimitDecision decision = law_->update(change->window, now);
  change->at = now;
  change->before = limit();
  change->after = clamp(decision.limit);
  change->cause = decision.cause;
  std::copy(std::begin(decision.figures), std::end(decision.figures), change->figures);
  change->law = law_->name();

  // The bound on samples first: a completion between the two stores must not be taken for a sample
  // of the new limit.
  const int64_t from = decision.sample_from.time_since_epoch().count();
  sample_from_.store(from == 0 ? kSampleAll : from, std::memory_order_relaxed);
  limit_.store(change->after, std::memory_order_release);
  if (change->window.samples() > 0)
    retry_after_.store(change->window.latency.mean().count(), std::memory_order_relaxed);
  if (change->changed()) last_move_ = *change;
  next_tick_ = now + law_->window().duration_min;
  return change;
}

}  // namespace weir
