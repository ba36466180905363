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
constexpr double kSettleMax =
    2;  // seconds; in a collapse latency has no bound, and we must get out
constexpr double kSpreadMax = 4;

// Search: completions in an arm before a step may be decided, and when it must be.
constexpr double kSearchFinishedMin = 20;
constexpr double kSearchFinishedBase = 60;
constexpr double kSearchBaseSeconds = 0.1;
constexpr double kSearchFinishedMax = 400;
// … or these, where answers come so slowly that a wrong step costs less than waiting.
constexpr double kSearchFinishedSlow = 100;
constexpr double kSearchSlow = 0.3;  // seconds
// A step up that brings this share of itself goes on; less means that the knee is between.
constexpr double kGoOn = 0.75;
constexpr double kTurn = 0.2;

// Track: completions in a low visit, and latencies it lasts at least.
constexpr double kVisitFinished = 64;
constexpr double kVisitLatencies = 2;
constexpr double kHighSecondsMax = 1;
constexpr double kHighSecondsBursty = 5;
// Counts this much burstier than Poisson come from stop-and-go (CPU quota, garbage collection). The
// usual quota period is 100 ms; a visit then spans several.
constexpr double kBursty = 3;
constexpr double kBurstySeconds = 0.495;
// How fast the knee is expected to wander: variance of its logarithm per second.
constexpr double kDrift = 0.0001;
// The limits are placed by this quantile of the belief: a limit below the knee costs throughput,
// one above it only a little latency.
constexpr double kLean = 0.7;
constexpr double kLeanBursty = 0.88;  // comparisons are few, and the queue inside drains in one go
constexpr double kSpanErrors = 2.5;
// What the search knows of the knee, at best and at worst, as a standard deviation of its
// logarithm.
constexpr double kErrorMin = 0.1;
constexpr double kErrorMax = 0.4;
constexpr double kResponseWeight = 0.15;
// Throughput at the high limit has left its place beyond this many standard errors, and this much.
constexpr double kLeftErrors = 4;
constexpr double kLeftFinished = 128;
constexpr double kLeftMin = 0.08;
constexpr double kHighMemory = 4000;  // completions
// Share of the time for low visits. Stop-and-go is so noisy that low visits look free when they are
// not.
constexpr double kLowShareStart = 0.3;
constexpr double kLowShareMin = 0.08;
constexpr double kLowShareMax = 0.5;
constexpr double kLowShareBursty = 0.12;
// A few low visits go this deep (in ln): the 3rd, 9th, 27th and so on. Chance can make a belief
// that is far too high look confirmed by comparisons that are close to each other; this finds it
// out.
constexpr double kDeepSpan = 0.45;
constexpr int kDeepFirst = 3;
constexpr int kDeepEvery = 3;
// Peeks: share of the time at most, and the elasticity that sends the search upwards.
constexpr double kPeekShareMax = 0.12;
constexpr double kPeekWorth = 0.5;
constexpr double kPeekWeight = 0.3;
constexpr double kPeekFinishedMax = 400;

// Halving on loss looks at this many ends, and stops at two in flight: one in flight measures
// little.
constexpr double kLossSamples = 20;
constexpr uint32_t kLossLimitMin = 2;
// After a cut, the next look at losses waits this many latencies.
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
    settle_until_ = loss_from_;
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
  // Successive differences, so that a ramp does not pass for bursts.
  const double both = finished + finished_before_;
  if (both > 0) {
    const double step = finished - finished_before_;
    burstiness_ += (step * step / both - burstiness_) * std::min(1.0, length / kBurstinessMemory);
  }
  finished_before_ = finished;

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
  if (unsaturated_s_ > 0 || window.end < loss_from_) {
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
  // By Little's law, because the latencies of those that have ended do not show the queue yet.
  const double busy = throughput_ * latency_unsaturated_;
  const bool queueing = known && window.inflight > options_.latency_queueing * busy;
  begin_search(/*up=*/!queueing);
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
  bounded_ = false;
  base_ = other_ = Arm{};
}

LimitDecision ElasticLimit::update_search(const WindowStats& window) noexcept {
  const bool at_base = base_.limit == 0 || base_.limit == limit_;
  Arm& arm = at_base ? base_ : other_;
  add(arm, window);
  // The base serves several steps, so it is measured better, unless answers come very slowly. Where
  // the service is full already, a tenth of a second more costs nothing but latency.
  const double full = up_ ? 0.0 : std::min(kSearchBaseSeconds * throughput_, kSearchFinishedMax);
  const double wanted = at_base && arm.seconds < kSearchSlow ? std::max(kSearchFinishedBase, full)
                                                             : kSearchFinishedMin;
  const bool enough =
      arm.finished >= wanted && arm.seconds >= std::min(0.5 * latency_, kSettleMax / 2);
  if (!enough || !spans_bursts(arm)) return stay(LimitCause::kProbe);
  if (at_base) return aim_search(window);

  const double span = std::log(static_cast<double>(other_.limit) / base_.limit);
  const double elasticity = std::log(other_.rate() / base_.rate()) / span;
  const double error = counting_error(base_, other_) / std::abs(span);
  // Upwards, whether to go on hangs on a second threshold.
  const bool decided =
      std::abs(elasticity - options_.elasticity_worth) > options_.confidence * error &&
      (!up_ || std::abs(elasticity - kGoOn) > error);
  elasticity_ = elasticity;
  const bool long_enough = other_.finished >= kSearchFinishedMax ||
                           (other_.finished >= kSearchFinishedSlow && other_.seconds > kSearchSlow);
  if (!decided && !long_enough) return stay(LimitCause::kProbe);
  return conclude_step(window, elasticity, decided);
}

// The other limit of a search step: a factor away from the base, on the side we look at.
LimitDecision ElasticLimit::aim_search(const WindowStats& window) noexcept {
  const uint32_t base = base_.limit;
  if (base <= options_.range.min) up_ = true;
  if (base >= options_.range.max) up_ = false;
  const bool cold = up_ && latency_unsaturated_ == 0;
  const double ratio = cold ? options_.cold_ratio : options_.search_ratio;
  uint32_t limit = whole(clamp_to(options_.range, std::round(up_ ? base * ratio : base / ratio)));
  if (limit == base) limit = up_ ? base + 1 : base - 1;
  other_ = Arm{};
  return move_to(limit, LimitCause::kProbe, window);
}

LimitDecision ElasticLimit::conclude_step(const WindowStats& window, double elasticity,
                                          bool clear) noexcept {
  const bool follows = elasticity > kGoOn;
  // Going down on chance leads far below the knee, so what is not clear must look twice as flat.
  const double flat = clear ? options_.elasticity_worth : options_.elasticity_worth / 2;
  if (up_ ? follows : elasticity < flat) {  // the other limit is better: go on
    bounded_ = bounded_ || !up_;
    base_ = other_;
    if (up_ || base_.limit > options_.range.min) return aim_search(window);
  } else if (up_ && elasticity < kTurn) {  // more brought nothing: the knee is not above the base
    bounded_ = true;
    up_ = false;
    return aim_search(window);
  } else if (!up_ && follows && !bounded_) {  // less costs in full: the knee is above the base
    up_ = true;
    return aim_search(window);
  }
  const Arm& low = up_ ? base_ : other_;
  const Arm& high = up_ ? other_ : base_;
  const double error = counting_error(low, high);
  const double response =
      std::clamp(high.rate() / low.rate(), 1.0, static_cast<double>(high.limit) / low.limit);
  return begin_track(low.limit * response, error, window);
}

LimitDecision ElasticLimit::begin_track(double knee, double error,
                                        const WindowStats& window) noexcept {
  regime_ = Regime::kTrack;
  knee_.reset(std::log(clamp_to(options_.range, knee)), std::clamp(error, kErrorMin, kErrorMax));
  visit_ = Visit::kHigh;
  low_share_ = kLowShareStart;
  low_seconds_ = 0;
  low_count_ = 0;
  deep_at_ = kDeepFirst;
  peek_share_ = kPeekShareMax;
  peek_debt_ = 0;
  peek_next_ = false;
  high_limit_ = limit_;
  high_rate_ = high_weight_ = 0;
  response_mean_ = options_.elasticity_worth * options_.span_min;
  peek_response_ = 0;
  return aim_track(window);
}

// Puts the limit of the next visit in force.
LimitDecision ElasticLimit::aim_track(const WindowStats& window) noexcept {
  const double span =
      std::clamp(kSpanErrors * knee_.deviation(), options_.span_min, options_.span_max);
  const double log_knee = knee_.quantile(burstiness_ < kBursty ? kLean : kLeanBursty);
  const double worth = options_.elasticity_worth;
  const double low = std::max(1.0, std::round(std::exp(log_knee - worth * span)));
  const double high = std::max(low + 1, std::round(std::exp(log_knee + (1 - worth) * span)));
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
      left_check_at_ = kLeftFinished;
      break;
    case Visit::kLow: {
      const bool deep = ++low_count_ == deep_at_;
      if (deep) deep_at_ = low_count_ * kDeepEvery;
      const double floor = std::max(1.0, std::round(std::exp(log_knee - kDeepSpan)));
      arm.limit = whole(clamp_to(options_.range, deep ? std::min(low, floor) : low));
      break;
    }
    case Visit::kPeek:
      arm.limit = whole(clamp_to(options_.range, std::ceil(high * options_.peek_ratio)));
      break;
  }
  return move_to(arm.limit, cause, window);
}

LimitDecision ElasticLimit::update_track(const WindowStats& window) noexcept {
  Arm& arm = arms_[static_cast<size_t>(visit_)];
  add(arm, window);
  if (visit_ == Visit::kHigh && left_its_place()) {
    begin_search(arm.rate() > high_rate_);
    return stay(LimitCause::kHold);
  }
  if (!visit_over(arm)) return stay(LimitCause::kHold);
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
      low_seconds_ = arm.seconds + kSettleLatencies * latency_;
      visit_ = Visit::kHigh;
      break;
    case Visit::kPeek: {
      const std::optional<bool> worth = peek_verdict();
      if (!worth) return stay(LimitCause::kHold);
      if (*worth) {
        begin_search(/*up=*/true);
        base_ = high();
        other_ = arm;
        return conclude_step(window, elasticity_, /*clear=*/true);
      }
      visit_ = Visit::kHigh;
      break;
    }
  }
  return aim_track(window);
}

// What a peek says so far: whether far more in flight brings far more throughput, so that the knee
// must have moved up. Nothing while it may still be chance.
std::optional<bool> ElasticLimit::peek_verdict() noexcept {
  const Arm& peek = arms_[static_cast<size_t>(Visit::kPeek)];
  const Arm known{high_limit_, high_weight_, high_weight_ / high_rate_};
  const double span = std::log(static_cast<double>(peek.limit) / high_limit_);
  const double response = std::log(peek.rate() / known.rate());
  const double margin = response - kPeekWorth * span;
  const bool decided = std::abs(margin) > options_.confidence * counting_error(peek, known);
  if (!decided && peek.finished < kPeekFinishedMax) return std::nullopt;
  peek_response_ += (response - peek_response_) * kPeekWeight;
  const double cost = std::max(0.02, 1 - std::exp(peek_response_));
  peek_share_ = std::min(kPeekShareMax, options_.cost_max / 2 / cost);
  peek_debt_ -= peek.seconds;
  elasticity_ = response / span;
  knee_.observe(std::log(high_limit_), std::log(peek.limit), response, counting_error(peek, known));
  return decided && margin > 0;
}

// One comparison: what it says about the knee, and how often it may be made.
void ElasticLimit::learn() noexcept {
  const double log_low = std::log(low().limit);
  const double log_high = std::log(high().limit);
  const double response = std::log(high().rate() / low().rate());
  elasticity_ = response / (log_high - log_low);
  knee_.diffuse(kDrift * (low_seconds_ + high().seconds));
  knee_.observe(log_low, log_high, response, counting_error(low(), high()));
  if (log_high - log_low > kDeepSpan) return;
  response_mean_ += (response - response_mean_) * kResponseWeight;
  const double cost = std::max(0.005, 1 - std::exp(-std::max(0.0, response_mean_)));
  const double most = burstiness_ < kBursty ? kLowShareMax : kLowShareBursty;
  low_share_ = std::clamp(options_.cost_max / cost, kLowShareMin, most);
}

// Whether throughput at the high limit is no longer what it was: the service changed.
bool ElasticLimit::left_its_place() noexcept {
  // Looked at seldom: with every slice, chance alone would get there within the minute.
  if (high().finished < left_check_at_) return false;
  left_check_at_ = high().finished + kLeftFinished;
  if (high_weight_ < kLeftFinished) return false;
  const double change = std::abs(std::log(high().rate() / high_rate_));
  const double scale = std::sqrt(std::max(1.0, burstiness_));
  const double error = scale * std::sqrt(1 / high().finished + 1 / high_weight_);
  return change > std::max(kLeftMin, kLeftErrors * error);
}

// Whether the arm is long enough for stop-and-go to average out.
bool ElasticLimit::spans_bursts(const Arm& arm) const noexcept {
  return burstiness_ < kBursty || arm.seconds >= kBurstySeconds;
}

double ElasticLimit::counting_error(const Arm& a, const Arm& b) const noexcept {
  const double scale = std::clamp(std::max(spread_, burstiness_), 0.25, 9.0);
  return std::sqrt(scale * (1 / std::max(a.finished, 0.5) + 1 / std::max(b.finished, 0.5)));
}

// Whether the visit under way has seen what it came for. High visits last long enough that low ones
// keep to their share of the time.
bool ElasticLimit::visit_over(const Arm& arm) const noexcept {
  if (!spans_bursts(arm)) return false;
  const bool seen = arm.finished >= kVisitFinished && arm.seconds >= kVisitLatencies * latency_;
  if (visit_ != Visit::kHigh) return seen;
  const double due = low_seconds_ * (1 - low_share_) / low_share_;
  const double most = burstiness_ < kBursty ? kHighSecondsMax : kHighSecondsBursty;
  return seen && (arm.seconds >= due || arm.seconds >= most);
}

LimitDecision ElasticLimit::move_to(uint32_t limit, LimitCause cause,
                                    const WindowStats& window) noexcept {
  if (limit != limit_) {
    draining_ = limit < limit_;
    // After a cut the queue inside the service shrinks with the limit, and the latency with it.
    const double ratio = draining_ ? static_cast<double>(limit) / limit_ : 1.0;
    const double settle =
        std::clamp(kSettleLatencies * latency_ * ratio, to_seconds(kSlice), kSettleMax);
    settle_until_ = window.end + from_seconds(settle);
    // What is lost after a cut was mostly admitted before it.
    if (draining_) loss_from_ = window.end + from_seconds(kLossLatencies * latency_);
    limit_ = limit;
  }
  return stay(cause);
}

LimitDecision ElasticLimit::stay(LimitCause cause) const noexcept {
  const bool tracking = regime_ == Regime::kTrack;
  return {limit_,
          cause,
          Instant{},
          {throughput_, elasticity_, tracking ? std::exp(knee_.median()) : 0,
           tracking ? knee_.deviation() : 0}};
}

}  // namespace weir
