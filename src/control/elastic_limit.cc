#include "weir/control/elastic_limit.h"

#include <algorithm>
#include <cmath>

namespace weir {
namespace {

constexpr Duration kSlice = std::chrono::milliseconds(10);

// Memory of the running means: long enough to smooth slices of a few samples, short enough to
// follow a service that changes within a second.
constexpr double kThroughputMemory = 0.3;  // seconds
constexpr double kLatencySamples = 40;
constexpr double kBurstinessMemory = 1.0;  // seconds
// The unsaturated latency rises slowly (over 5 s), so that the first moments of an overload do not
// pass for normal, and falls within 200 samples.
constexpr double kUnsaturatedRise = 5.0;
constexpr double kUnsaturatedSamples = 200;
// Saturation must last two latencies, within these bounds, before it is believed; quota throttling
// and garbage collection make shorter ones.
constexpr double kSaturatedMin = 0.03;
constexpr double kSaturatedMax = 0.3;
// Saturated for less than this share of the time, the limit is not what bounds throughput.
constexpr double kSaturationMin = 0.6;
constexpr double kSaturationMemory = 0.3;  // seconds
// A limit is settled after this many latencies: what was in flight before the move has mostly left.
constexpr double kSettleLatencies = 1.0;
constexpr double kSpreadMax = 4;

// Search: completions in an arm before a step may be decided, and when it must be.
constexpr double kSearchFinishedMin = 24;
constexpr double kSearchFinishedMax = 400;
// A step up that brings this share of itself goes on; less means that the knee is between.
constexpr double kGoOn = 0.75;

// Track: completions in a low visit, and latencies it lasts at least.
constexpr double kVisitFinished = 64;
constexpr double kVisitLatencies = 2;
// Counts this much burstier than Poisson come from stop-and-go (CPU quota, garbage collection). The
// usual quota period is 100 ms; a visit then spans several.
constexpr double kBursty = 4;
constexpr double kBurstySeconds = 0.3;
// How fast the knee is expected to wander: variance of its logarithm per second.
constexpr double kDrift = 0.0001;
constexpr double kSpanErrors = 2.5;
constexpr double kVarianceMin = 0.0003;
constexpr double kVarianceMax = 0.06;
// Elasticities beyond this, or below one minus this, mean that the knee is not between the limits.
constexpr double kOutside = 0.85;
constexpr double kWiden = 1.6;
// Throughput at the high limit has left its place beyond this many standard errors, and this much.
constexpr double kLeftErrors = 4;
constexpr double kLeftMin = 0.08;
constexpr double kHighMemory = 4000;  // completions
constexpr double kLowShareStart = 0.3;
// Peeks: share of the time at most, and the elasticity that sends the search upwards.
constexpr double kPeekShareMax = 0.06;
constexpr double kPeekWorth = 0.5;

// Halving on loss looks at this many ends, and stops at two in flight: one in flight measures
// little.
constexpr double kLossSamples = 20;
constexpr uint32_t kLossLimitMin = 2;
// After it, what is lost was mostly admitted before; the next look waits this many latencies.
constexpr double kLossLatencies = 2;

double spread_of(const Histogram& latency) noexcept {
  double squares = 0;
  for (int i = 0; i < HistogramShape::kBuckets; ++i) {
    const uint64_t count = latency.count_at(i);
    if (count == 0) continue;
    const double middle = HistogramShape::middle_ns(i);
    squares += static_cast<double>(count) * middle * middle;
  }
  const auto count = static_cast<double>(latency.count());
  const double mean = latency.sum_ns() / count;
  return squares / count / (mean * mean) - 1;
}

double ended(const WindowStats& window) noexcept {
  return static_cast<double>(window.successes + window.failures);
}

}  // namespace

ElasticLimit::ElasticLimit(ElasticLimitOptions options) noexcept
    : options_(options), limit_(whole(clamp_to(options.range, options.initial))) {}

WindowSpec ElasticLimit::window() const noexcept {
  return {kSlice, 0, kSlice};
}

const FigureNames& ElasticLimit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {"throughput_per_second", "elasticity", "knee",
                                         "knee_error"};
  return kNames;
}

LimitDecision ElasticLimit::update(const WindowStats& window, Instant /*now*/) noexcept {
  observe(window);
  if (losing(window)) {
    const uint32_t half = std::max(kLossLimitMin, limit_ / 2);
    if (regime_ != Regime::kOpen) begin_search(/*up=*/false);
    const LimitDecision decision = move_to(half, LimitCause::kDrops, window);
    settle_until_ = window.end + from_seconds(kLossLatencies * latency_);
    return decision;
  }
  if (regime_ == Regime::kOpen) return update_open(window);
  if (saturation_ < kSaturationMin) return open_again();
  if (!settled(window) || unsaturated_s_ > 0) return stay(LimitCause::kHold);
  return regime_ == Regime::kSearch ? update_search(window) : update_track(window);
}

void ElasticLimit::observe(const WindowStats& window) noexcept {
  const double length = to_seconds(window.length());
  const double finished = ended(window);
  throughput_ += (finished / length - throughput_) * std::min(1.0, length / kThroughputMemory);
  if (window.samples() > 0) {
    const double mean = to_seconds(window.latency.mean());
    const auto samples = static_cast<double>(window.samples());
    latency_ = latency_ == 0
                   ? mean
                   : latency_ + (mean - latency_) * std::min(0.5, samples / kLatencySamples);
    const double weight = std::min(0.2, samples / kUnsaturatedSamples);
    spread_ += (std::clamp(spread_of(window.latency), 0.0, kSpreadMax) - spread_) * weight;
  }
  concurrency_ += (finished / length * latency_ - concurrency_) *
                  std::min(1.0, length / std::max(0.02, latency_));
  const double expected = throughput_ * length;
  if (expected > 0.5) {
    const double square = (finished - expected) * (finished - expected) / expected;
    burstiness_ += (square - burstiness_) * std::min(1.0, length / kBurstinessMemory);
  }

  const bool full = window.inflight * 10 >= window.limit * 9;
  const bool saturated = full && (window.limited > 0 || window.queued > 0);
  const double memory = std::max(kSaturationMemory, 3 * latency_);
  saturation_ += ((saturated ? 1.0 : 0.0) - saturation_) * std::min(1.0, length / memory);
  if (saturated) {
    saturated_s_ += length;
    unsaturated_s_ = 0;
  } else {
    unsaturated_s_ += length;
    saturated_s_ = std::max(0.0, saturated_s_ - 2 * length);
  }
}

bool ElasticLimit::losing(const WindowStats& window) noexcept {
  if (unsaturated_s_ > 0 || window.end < settle_until_) {
    lost_ = finished_ = 0;
    return false;
  }
  lost_ += static_cast<double>(window.dropped + window.ignored);
  finished_ += ended(window);
  if (lost_ + finished_ < kLossSamples) return false;
  const bool more_lost = lost_ > finished_;
  lost_ = finished_ = 0;
  return more_lost && limit_ > kLossLimitMin;
}

void ElasticLimit::observe_unsaturated(const WindowStats& window) noexcept {
  if (unsaturated_s_ <= 0.05 || window.samples() == 0) return;
  const double mean = to_seconds(window.latency.mean());
  if (latency_unsaturated_ == 0) {
    latency_unsaturated_ = mean;
    return;
  }
  double weight = std::min(0.3, static_cast<double>(window.samples()) / kUnsaturatedSamples);
  if (mean > latency_unsaturated_)
    weight = std::min(weight, to_seconds(window.length()) / kUnsaturatedRise);
  latency_unsaturated_ += (mean - latency_unsaturated_) * weight;
}

// Settled: all that was admitted under the old limit has had the time to leave.
bool ElasticLimit::settled(const WindowStats& window) noexcept {
  if (window.end < settle_until_) return false;
  if (!draining_) return true;
  if (window.inflight <= limit_) draining_ = false;
  return false;
}

void ElasticLimit::add(Arm& arm, const WindowStats& window) const noexcept {
  arm.limit = limit_;
  arm.finished += ended(window);
  arm.seconds += to_seconds(window.length());
}

LimitDecision ElasticLimit::update_open(const WindowStats& window) noexcept {
  observe_unsaturated(window);
  const bool known = latency_unsaturated_ > 0;
  const double wanted = clamp_to(options_.range, options_.headroom * concurrency_);
  if (unsaturated_s_ > 0 && known && wanted > limit_ &&
      latency_ < options_.latency_rise_max * latency_unsaturated_) {
    limit_ = whole(wanted);
    return stay(LimitCause::kNotSaturated);
  }
  const double believed = std::clamp(2 * latency_, kSaturatedMin, kSaturatedMax);
  if (unsaturated_s_ > 0 || (known && saturated_s_ < believed))
    return stay(LimitCause::kNotSaturated);
  begin_search(!known || latency_ <= options_.latency_queueing * latency_unsaturated_);
  settle_until_ = window.end;
  return stay(LimitCause::kHold);
}

LimitDecision ElasticLimit::open_again() noexcept {
  regime_ = Regime::kOpen;
  saturated_s_ = 0;
  limit_ = std::max(limit_, high_limit_);  // a low visit may have been under way
  return stay(LimitCause::kNotSaturated);
}

void ElasticLimit::begin_search(bool up) noexcept {
  regime_ = Regime::kSearch;
  saturation_ = 1;
  up_ = up;
  base_ = other_ = Arm{};
}

LimitDecision ElasticLimit::update_search(const WindowStats& window) noexcept {
  const bool at_base = base_.limit == 0 || base_.limit == limit_;
  Arm& arm = at_base ? base_ : other_;
  add(arm, window);
  const bool enough = arm.finished >= kSearchFinishedMin && arm.seconds >= 0.5 * latency_;
  if (!enough) return stay(LimitCause::kProbe);
  if (at_base) return aim_search(window);

  const double span = std::log(static_cast<double>(other_.limit) / base_.limit);
  const double elasticity = std::log(other_.rate() / base_.rate()) / span;
  const double error = counting_error(base_, other_) / std::abs(span);
  const bool decided =
      std::abs(elasticity - options_.elasticity_worth) > options_.confidence * error;
  elasticity_ = elasticity;
  if (!decided && other_.finished < kSearchFinishedMax) return stay(LimitCause::kProbe);
  return conclude_step(window, elasticity);
}

// The other limit of a search step: a factor away from the base, on the side we look at.
LimitDecision ElasticLimit::aim_search(const WindowStats& window) noexcept {
  const uint32_t base = base_.limit;
  if (base <= options_.range.min) up_ = true;
  if (base >= options_.range.max) up_ = false;
  const double ratio = up_ && !knee_seen_ ? options_.cold_ratio : options_.search_ratio;
  uint32_t limit = whole(clamp_to(options_.range, std::round(up_ ? base * ratio : base / ratio)));
  if (limit == base) limit = up_ ? base + 1 : base - 1;
  other_ = Arm{};
  return move_to(limit, LimitCause::kProbe, window);
}

LimitDecision ElasticLimit::conclude_step(const WindowStats& window, double elasticity) noexcept {
  const Arm& low = up_ ? base_ : other_;
  const Arm& high = up_ ? other_ : base_;
  const bool on = up_ ? elasticity > kGoOn : elasticity < options_.elasticity_worth;
  const bool turn = up_ && elasticity < 0.2;
  if (on && (up_ || other_.limit > options_.range.min)) {
    base_ = other_;
    return aim_search(window);
  }
  if (turn && base_.limit > options_.range.min) {
    // More brought nothing: the knee is not above the base. Look below, with the base measured.
    up_ = false;
    return aim_search(window);
  }
  const double error = counting_error(low, high);
  const double response =
      std::clamp(high.rate() / low.rate(), 1.0, static_cast<double>(high.limit) / low.limit);
  return begin_track(low.limit * response, error * error, window);
}

LimitDecision ElasticLimit::begin_track(double knee, double variance,
                                        const WindowStats& window) noexcept {
  regime_ = Regime::kTrack;
  knee_seen_ = true;
  log_knee_ = std::log(clamp_to(options_.range, knee));
  variance_ = std::clamp(variance, kVarianceMin, kVarianceMax);
  visit_ = Visit::kHigh;
  low_share_ = kLowShareStart;
  peek_share_ = kPeekShareMax;
  peek_debt_ = 0;
  peek_next_ = false;
  high_limit_ = limit_;
  high_rate_ = high_weight_ = 0;
  last_side_ = 0;
  return aim_track(window);
}

// Puts the limit of the next visit in force.
LimitDecision ElasticLimit::aim_track(const WindowStats& window) noexcept {
  const double span =
      std::clamp(kSpanErrors * std::sqrt(variance_), options_.span_min, options_.span_max);
  const double worth = options_.elasticity_worth;
  const double low = std::max(1.0, std::round(std::exp(log_knee_ - worth * span)));
  const double high = std::max(low + 1, std::round(std::exp(log_knee_ + (1 - worth) * span)));
  Arm& arm = arms_[static_cast<size_t>(visit_)];
  arm = Arm{};
  LimitCause cause = LimitCause::kProbe;
  switch (visit_) {
    case Visit::kHigh:
      arm.limit = whole(clamp_to(options_.range, high));
      cause = arm.limit > high_limit_   ? LimitCause::kGrow
              : arm.limit < high_limit_ ? LimitCause::kShrink
                                        : LimitCause::kProbeEnd;
      high_limit_ = arm.limit;
      break;
    case Visit::kLow: arm.limit = whole(clamp_to(options_.range, low)); break;
    case Visit::kPeek:
      arm.limit = whole(clamp_to(options_.range, std::ceil(high * options_.peek_ratio)));
      break;
  }
  return move_to(arm.limit, cause, window);
}

LimitDecision ElasticLimit::update_track(const WindowStats& window) noexcept {
  Arm& arm = arms_[static_cast<size_t>(visit_)];
  add(arm, window);
  variance_ = std::min(kVarianceMax, variance_ + kDrift * to_seconds(window.length()));
  if (visit_ == Visit::kHigh && left_its_place()) {
    begin_search(arm.rate() > high_rate_);
    base_ = high();
    return aim_search(window);
  }
  if (arm.finished < visit_finished() || arm.seconds < kVisitLatencies * latency_)
    return stay(LimitCause::kHold);
  if (burstiness_ > kBursty && arm.seconds < kBurstySeconds) return stay(LimitCause::kHold);
  switch (visit_) {
    case Visit::kHigh: {
      const double weight = std::min(kHighMemory, high_weight_ + arm.finished);
      high_rate_ += (arm.rate() - high_rate_) * arm.finished / weight;
      high_weight_ = weight;
      peek_debt_ += peek_share_ * arm.seconds;
      visit_ = peek_debt_ > 0 && peek_next_ ? Visit::kPeek : Visit::kLow;
      peek_next_ = !peek_next_;
      break;
    }
    case Visit::kLow:
      learn();
      visit_ = Visit::kHigh;
      break;
    case Visit::kPeek:
      if (worth_a_search()) {
        begin_search(/*up=*/true);
        base_ = high();
        other_ = arm;
        return conclude_step(window, elasticity_);
      }
      visit_ = Visit::kHigh;
      break;
  }
  return aim_track(window);
}

// Whether far more in flight brought far more throughput: the knee has moved up.
bool ElasticLimit::worth_a_search() noexcept {
  const Arm& peek = arms_[static_cast<size_t>(Visit::kPeek)];
  const double span = std::log(static_cast<double>(peek.limit) / high_limit_);
  const double response = std::log(peek.rate() / high_rate_);
  const double cost = std::max(0.02, 1 - std::exp(response));
  peek_share_ = std::min(kPeekShareMax, options_.cost_max / 2 / cost);
  peek_debt_ -= peek.seconds;
  if (response < kPeekWorth * span) return false;
  elasticity_ = response / span;
  return true;
}

// One comparison: where the knee is according to it, blended in by how sure either side is.
void ElasticLimit::learn() noexcept {
  const double span = std::log(static_cast<double>(high().limit) / low().limit);
  const double response = std::log(high().rate() / low().rate());
  const double error = counting_error(low(), high());
  const double noise = error * error;
  const double gain = variance_ / (variance_ + noise);
  elasticity_ = response / span;
  // Where the low limit costs nothing, the knee may be anywhere below it; lean that way.
  const double seen = std::log(low().limit) + std::clamp(response, -span, span);
  log_knee_ += gain * (seen - log_knee_);
  // At either end the comparison only tells on which side the knee is; that makes nothing surer.
  const int side = elasticity_ > kOutside ? 1 : std::abs(elasticity_) < 1 - kOutside ? -1 : 0;
  if (side == 0)
    variance_ = std::max(kVarianceMin, (1 - gain) * variance_);
  else if (side == last_side_)
    variance_ = std::min(kVarianceMax, variance_ * kWiden);
  last_side_ = side;
  const double cost = std::max(0.005, 1 - std::exp(-std::max(0.0, response)));
  low_share_ = std::clamp(options_.cost_max / cost, 0.08, 0.5);
}

// Whether throughput at the high limit is no longer what it was: the service changed.
bool ElasticLimit::left_its_place() noexcept {
  if (high_weight_ < 2 * kVisitFinished || high().finished < kVisitFinished) return false;
  const double change = std::abs(std::log(high().rate() / high_rate_));
  const double scale = std::sqrt(std::max(1.0, burstiness_));
  const double error = scale * std::sqrt(1 / high().finished + 1 / high_weight_);
  return change > std::max(kLeftMin, kLeftErrors * error);
}

double ElasticLimit::counting_error(const Arm& a, const Arm& b) const noexcept {
  const double scale = std::clamp(std::max(spread_, burstiness_), 0.25, 9.0);
  return std::sqrt(scale * (1 / std::max(a.finished, 0.5) + 1 / std::max(b.finished, 0.5)));
}

// Completions that the visit under way should see.
double ElasticLimit::visit_finished() const noexcept {
  return visit_ == Visit::kHigh ? kVisitFinished * (1 - low_share_) / low_share_ : kVisitFinished;
}

LimitDecision ElasticLimit::move_to(uint32_t limit, LimitCause cause,
                                    const WindowStats& window) noexcept {
  if (limit != limit_) {
    draining_ = limit < limit_;
    // After a cut the queue inside the service shrinks with the limit, and the latency with it.
    const double ratio = draining_ ? static_cast<double>(limit) / limit_ : 1.0;
    const double settle = std::max(to_seconds(kSlice), kSettleLatencies * latency_ * ratio);
    settle_until_ = window.end + from_seconds(settle);
    limit_ = limit;
  }
  return stay(cause);
}

LimitDecision ElasticLimit::stay(LimitCause cause) const noexcept {
  const double knee = regime_ == Regime::kTrack ? std::exp(log_knee_) : 0;
  return {limit_, cause, Instant{}, {throughput_, elasticity_, knee, std::sqrt(variance_)}};
}

}  // namespace weir
