#include "weir/policy/breaker.h"

#include <algorithm>

#include "weir/base/assert.h"
#include "weir/base/rng.h"

namespace weir {
namespace {

constexpr int kTickBits = 20;  // instants in the word count 2^20 ns ≈ 1 ms
constexpr uint32_t kGenerationMask = 0xffff;
constexpr uint32_t kOpeningsMax = 63;
constexpr double kJitter = 0.2;  // ± 20 %: breakers that opened together do not probe together

constexpr Duration kTick = Duration(int64_t{1} << kTickBits);

uint16_t permille(double ratio) noexcept {
  return static_cast<uint16_t>(std::clamp(ratio * 1000, 0.0, 1000.0));
}

// How far the probing of one generation has come.
struct Probes {
  uint32_t generation = 0;
  uint32_t inflight = 0;
  uint32_t passed = 0;

  static Probes unpack(uint64_t bits) noexcept {
    return {static_cast<uint32_t>(bits >> 32), static_cast<uint32_t>(bits >> 16 & 0xffff),
            static_cast<uint32_t>(bits & 0xffff)};
  }
  uint64_t pack() const noexcept { return uint64_t{generation} << 32 | inflight << 16 | passed; }
};

}  // namespace

// All that decides, in one word: until (40 bits, in ticks, signed), generation (16), how many
// openings in a row (6), state (2).
struct Breaker::Word {
  BreakerState state = BreakerState::kClosed;
  uint32_t openings = 0;
  uint32_t generation = 0;
  Instant until{};  // closed: when it closed

  static Word unpack(uint64_t bits) noexcept {
    const int64_t ticks = static_cast<int64_t>(bits) >> 24;
    return {static_cast<BreakerState>(bits & 3), static_cast<uint32_t>(bits >> 2 & kOpeningsMax),
            static_cast<uint32_t>(bits >> 8 & kGenerationMask),
            Instant(Duration(ticks << kTickBits))};
  }
  uint64_t pack() const noexcept {
    const int64_t ticks = (until.time_since_epoch() + kTick - Duration(1)).count() >> kTickBits;
    return static_cast<uint64_t>(ticks) << 24 | uint64_t{generation} << 8 | openings << 2 |
           static_cast<uint64_t>(state);
  }
};

// One remembered transition. `sequence` is 0 while it is written, then generation + 1; a reader
// that sees it unchanged around its reading has read one transition.
struct Breaker::Record {
  std::atomic<uint32_t> sequence{0};
  std::atomic<uint32_t> kinds{0};  // from, to, cause: a byte each
  std::atomic<int64_t> at{0};
  std::atomic<int64_t> until{0};
  std::atomic<uint32_t> calls{0};
  std::atomic<uint32_t> permilles{0};  // failed, then slow
};

const char* to_string(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::kClosed: return "closed";
    case BreakerState::kOpen: return "open";
    case BreakerState::kHalfOpen: return "half_open";
  }
  return "?";
}

const char* to_string(BreakerCause cause) noexcept {
  switch (cause) {
    case BreakerCause::kFailureRate: return "failure_rate";
    case BreakerCause::kSlowRate: return "slow_rate";
    case BreakerCause::kCooldownOver: return "cooldown_over";
    case BreakerCause::kProbesPassed: return "probes_passed";
    case BreakerCause::kProbeFailed: return "probe_failed";
    case BreakerCause::kProbesOverdue: return "probes_overdue";
    case BreakerCause::kProbesRenewed: return "probes_renewed";
    case BreakerCause::kOperator: return "operator";
  }
  return "?";
}

Breaker::Breaker(Options options, Instant now)
    : options_(options),
      calls_({options.window, options.slow_after, options.worker_count}),
      records_(std::make_unique<Record[]>(kHistory)) {
  WEIR_ASSERT(options.window >= std::chrono::milliseconds(10));
  WEIR_ASSERT(options.open_initial >= 2 * kTick && options.open_max >= options.open_initial);
  WEIR_ASSERT(options.half_open_max >= 2 * kTick);
  WEIR_ASSERT(options.probes >= 1 && options.probes <= 1000 && options.calls_min >= 1);
  // Closed since long ago: the first opening follows no other.
  word_.store(Word{BreakerState::kClosed, 0, 0, now - options.window}.pack(),
              std::memory_order_relaxed);
}

Breaker::~Breaker() = default;

BreakerState Breaker::state() const noexcept {
  return Word::unpack(word_.load(std::memory_order_relaxed)).state;
}

Instant Breaker::until() const noexcept {
  const Word word = Word::unpack(word_.load(std::memory_order_relaxed));
  return word.state == BreakerState::kClosed ? Instant::min() : word.until;
}

uint32_t Breaker::generation() const noexcept {
  return Word::unpack(word_.load(std::memory_order_relaxed)).generation;
}

// Each turn of the loop that does not return has seen the word change.
Expected<Ticket, Rejection> Breaker::admit(const RequestContext& context, Instant now) noexcept {
  while (true) {
    const Word word = Word::unpack(word_.load(std::memory_order_acquire));
    switch (word.state) {
      case BreakerState::kClosed: {
        const auto begun = calls_.begin(context.worker, word.generation, now);
        if (!begun.fresh) return Ticket(begun.part, word.generation);
        judge(word, now);  // once a part, for calls that hang: nothing else would notice them
        if (generation() == word.generation) return Ticket(begun.part, word.generation);
        break;
      }
      case BreakerState::kOpen: {
        if (now < word.until) return refuse(word, now);
        const Instant until = now + options_.half_open_max;
        turn(word, {BreakerState::kHalfOpen, word.openings, 0, until}, BreakerCause::kCooldownOver,
             {}, now);
        break;
      }
      case BreakerState::kHalfOpen: {
        bool again = false;
        auto probe = admit_probe(word, now, again);
        if (!again) return probe;
        break;
      }
    }
  }
}

Expected<Ticket, Rejection> Breaker::admit_probe(const Word& word, Instant now,
                                                 bool& again) noexcept {
  if (now >= word.until) {
    probing_ran_out(word, now);
    again = true;
    return Ticket{};
  }
  uint64_t seen = probes_.load(std::memory_order_acquire);
  while (true) {
    Probes probes = Probes::unpack(seen);
    if (probes.generation != word.generation) {
      // Left by an earlier probing, unless ours is the earlier one.
      again = generation() != word.generation;
      if (again) return Ticket{};
      probes = Probes{word.generation, 0, 0};
    }
    if (probes.inflight + probes.passed >= options_.probes) return refuse(word, now);
    ++probes.inflight;
    if (probes_.compare_exchange_weak(seen, probes.pack(), std::memory_order_acq_rel))
      return Ticket(0, word.generation);
  }
}

void Breaker::probing_ran_out(const Word& word, Instant now) noexcept {
  const Probes probes = Probes::unpack(probes_.load(std::memory_order_acquire));
  if (probes.generation == word.generation && probes.inflight > 0) {
    open_after(word, BreakerCause::kProbesOverdue, {}, now);
    return;
  }
  turn(word, {BreakerState::kHalfOpen, word.openings, 0, now + options_.half_open_max},
       BreakerCause::kProbesRenewed, {}, now);
}

Breaker::Verdict Breaker::verdict(const Completion& completion) const noexcept {
  const bool slow = completion.latency() > options_.slow_after;
  switch (completion.outcome) {
    case Outcome::kSuccess: return slow ? Verdict::kSlow : Verdict::kPassed;
    case Outcome::kFailure: return Verdict::kFailed;
    case Outcome::kDropped:
      if (options_.dropped_is_failure) return Verdict::kFailed;
      return slow ? Verdict::kSlow : Verdict::kNothing;
    case Outcome::kIgnored: return slow ? Verdict::kSlow : Verdict::kNothing;
  }
  return Verdict::kNothing;
}

void Breaker::complete(Ticket ticket, const Completion& completion) noexcept {
  const Word word = Word::unpack(word_.load(std::memory_order_acquire));
  if (word.generation != ticket.tag()) return;  // admitted before the last transition
  const Verdict how = verdict(completion);
  switch (word.state) {
    case BreakerState::kClosed: {
      CallWindow::End end;
      end.counted = how != Verdict::kNothing;
      end.failed = how == Verdict::kFailed;
      end.slow = completion.latency() > options_.slow_after;
      calls_.end(completion.worker, word.generation, ticket.units(), end, completion.finished_at);
      if (end.failed || end.slow) judge(word, completion.finished_at);
      return;
    }
    case BreakerState::kHalfOpen: complete_probe(word, how, completion.finished_at); return;
    case BreakerState::kOpen: return;
  }
}

void Breaker::complete_probe(const Word& word, Verdict how, Instant now) noexcept {
  if (how == Verdict::kFailed || how == Verdict::kSlow) {
    open_after(word, BreakerCause::kProbeFailed, {}, now);
    return;
  }
  uint64_t seen = probes_.load(std::memory_order_acquire);
  Probes probes;
  do {
    probes = Probes::unpack(seen);
    if (probes.generation != word.generation) return;
    WEIR_ASSERT(probes.inflight > 0);
    --probes.inflight;
    if (how == Verdict::kPassed) ++probes.passed;
  } while (!probes_.compare_exchange_weak(seen, probes.pack(), std::memory_order_acq_rel));
  if (probes.passed >= options_.probes)
    turn(word, {BreakerState::kClosed, word.openings, 0, now}, BreakerCause::kProbesPassed, {},
         now);
}

void Breaker::judge(const Word& word, Instant now) noexcept {
  const CallRates rates = calls_.rates(word.generation, now);
  if (rates.calls() < options_.calls_min) return;
  if (rates.failed_ratio() >= options_.failed_ratio)
    open_after(word, BreakerCause::kFailureRate, rates, now);
  else if (rates.slow_ratio() >= options_.slow_ratio)
    open_after(word, BreakerCause::kSlowRate, rates, now);
}

// An opening counts as one more in a row unless the breaker had been closed for a whole window.
bool Breaker::open_after(const Word& word, BreakerCause cause, const CallRates& rates,
                         Instant now) noexcept {
  const bool recovered = word.state == BreakerState::kClosed && now - word.until >= options_.window;
  const uint32_t openings = recovered ? 1 : std::min(word.openings + 1, kOpeningsMax);
  const Instant until = now + cooldown(openings, word.generation);
  return turn(word, {BreakerState::kOpen, openings, 0, until}, cause, rates, now);
}

// A pure function of the generation, so that threads that race to open compute the same.
Duration Breaker::cooldown(uint32_t openings, uint32_t generation) const noexcept {
  Duration base = options_.open_initial;
  for (uint32_t i = 1; i < openings && base < options_.open_max; ++i)
    base = base > options_.open_max / 2 ? options_.open_max : 2 * base;
  Rng rng(options_.seed ^ (uint64_t{generation} << 32));
  const double factor = 1 - kJitter + 2 * kJitter * rng.uniform();
  return std::min(from_seconds(to_seconds(base) * factor), options_.open_max);
}

bool Breaker::turn(const Word& from, Word to, BreakerCause cause, const CallRates& rates,
                   Instant now) noexcept {
  to.generation = (from.generation + 1) & kGenerationMask;
  uint64_t expected = from.pack();
  if (!word_.compare_exchange_strong(expected, to.pack(), std::memory_order_acq_rel)) return false;

  Record& record = records_[to.generation % kHistory];
  record.sequence.store(0, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  const auto kinds = static_cast<uint32_t>(from.state) | static_cast<uint32_t>(to.state) << 8 |
                     static_cast<uint32_t>(cause) << 16;
  record.kinds.store(kinds, std::memory_order_relaxed);
  record.at.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  record.until.store(to.until.time_since_epoch().count(), std::memory_order_relaxed);
  record.calls.store(static_cast<uint32_t>(rates.calls()), std::memory_order_relaxed);
  record.permilles.store(
      permille(rates.failed_ratio()) | uint32_t{permille(rates.slow_ratio())} << 16,
      std::memory_order_relaxed);
  record.sequence.store(to.generation + 1, std::memory_order_release);
  remember_opening(cause, rates);
  return true;
}

// Probes that fail leave what opened it at first: that is still why it is open.
void Breaker::remember_opening(BreakerCause cause, const CallRates& rates) noexcept {
  const auto percent = [](double ratio) { return static_cast<uint64_t>(ratio * 100 + 0.5); };
  switch (cause) {
    case BreakerCause::kFailureRate:
      opened_by_.store(percent(rates.failed_ratio()) | percent(options_.failed_ratio) << 32,
                       std::memory_order_relaxed);
      return;
    case BreakerCause::kSlowRate:
      opened_by_.store(percent(rates.slow_ratio()) | percent(options_.slow_ratio) << 32,
                       std::memory_order_relaxed);
      return;
    case BreakerCause::kOperator: opened_by_.store(0, std::memory_order_relaxed); return;
    case BreakerCause::kCooldownOver:
    case BreakerCause::kProbesPassed:
    case BreakerCause::kProbeFailed:
    case BreakerCause::kProbesOverdue:
    case BreakerCause::kProbesRenewed: return;
  }
}

size_t Breaker::transitions_after(uint32_t generation,
                                  std::span<BreakerTransition> out) const noexcept {
  const uint32_t last = this->generation();
  const uint32_t news = std::min<uint32_t>((last - generation) & kGenerationMask, kHistory);
  size_t count = 0;
  for (uint32_t i = news; i > 0 && count < out.size(); --i) {
    const uint32_t wanted = (last - i + 1) & kGenerationMask;
    const Record& record = records_[wanted % kHistory];
    if (record.sequence.load(std::memory_order_acquire) != wanted + 1) break;  // still written
    BreakerTransition& transition = out[count];
    const uint32_t kinds = record.kinds.load(std::memory_order_relaxed);
    const uint32_t permilles = record.permilles.load(std::memory_order_relaxed);
    transition.generation = wanted;
    transition.from = static_cast<BreakerState>(kinds & 0xff);
    transition.to = static_cast<BreakerState>(kinds >> 8 & 0xff);
    transition.cause = static_cast<BreakerCause>(kinds >> 16);
    transition.at = Instant(Duration(record.at.load(std::memory_order_relaxed)));
    transition.until = Instant(Duration(record.until.load(std::memory_order_relaxed)));
    transition.calls = record.calls.load(std::memory_order_relaxed);
    transition.failed_permille = static_cast<uint16_t>(permilles);
    transition.slow_permille = static_cast<uint16_t>(permilles >> 16);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (record.sequence.load(std::memory_order_relaxed) == wanted + 1) ++count;
  }
  return count;
}

Unexpected<Rejection> Breaker::refuse(const Word& word, Instant now) const noexcept {
  Rejection rejection;
  rejection.reason = Reason::kBreakerOpen;
  const uint64_t opened_by = opened_by_.load(std::memory_order_relaxed);
  rejection.value = static_cast<uint32_t>(opened_by);
  rejection.bound = static_cast<uint32_t>(opened_by >> 32);
  rejection.retry_after = std::max(word.until - now, Duration::zero());
  if (word.state == BreakerState::kHalfOpen)
    rejection.retry_after = std::min(rejection.retry_after, options_.slow_after);
  return Unexpected<Rejection>(rejection);
}

void Breaker::open(Duration cooldown, Instant now) noexcept {
  const Instant until = now + std::max(cooldown, 2 * kTick);
  Word word;
  do {
    word = Word::unpack(word_.load(std::memory_order_acquire));
  } while (!turn(word, {BreakerState::kOpen, std::max(word.openings, 1U), 0, until},
                 BreakerCause::kOperator, rates(now), now));
}

void Breaker::close(Instant now) noexcept {
  Word word;
  do {
    word = Word::unpack(word_.load(std::memory_order_acquire));
  } while (
      !turn(word, {BreakerState::kClosed, 0, 0, now}, BreakerCause::kOperator, rates(now), now));
}

}  // namespace weir
