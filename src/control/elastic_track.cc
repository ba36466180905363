// ElasticLimit's tracking: visits to two limits in turn, and what they say about the knee.
#include <algorithm>
#include <cmath>

#include "elastic_tuning.h"
#include "weir/control/elastic_limit.h"

namespace weir {
namespace {

// Completions in a visit, and latencies it lasts at least.
constexpr double kVisitFinished = 64;
constexpr double kVisitLatencies = 2;
constexpr double kHighSecondsMax = 1;
constexpr double kHighSecondsBursty = 5;
// How fast the knee is expected to wander: variance of its logarithm per second.
constexpr double kDrift = 0.0001;
// With bursts the limits are placed by this quantile of the belief at least (see share_above):
// comparisons are few, and the queue inside drains in one go.
constexpr double kLeanBursty = 0.88;
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
constexpr double kDeclining = 0.5;    // a decline beyond the knee that is no longer chance
constexpr double kSameLimit = 0.06;   // two limits this close, or one apart, count as one
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
constexpr double kPeekWorth = 0.4;
constexpr double kPeekWeight = 0.3;
constexpr double kPeekFinishedMax = 400;

}  // namespace

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

// The share of a step that may lie above the knee. Being below costs 1 in throughput; being above
// costs the decline, and latency that is worth w of it. Least is lost at the quantile 1/(1 + a + w)
// of where the knee may be (the newsvendor's rule), 0.7 without a decline.
double ElasticLimit::share_above() const noexcept {
  const double worth = options_.elasticity_worth;
  return 1 / (1 + knee_.decline() + worth / (1 - worth));
}

// A step upwards by `ratio`, shorter where going too far has turned out to cost throughput, until
// `streak` steps in a row have paid.
double ElasticLimit::careful(double ratio, int streak) const noexcept {
  return std::pow(ratio, std::min(1.0, (1 + streak) / (1 + 2 * knee_.decline())));
}

// Puts the limit of the next visit in force.
LimitDecision ElasticLimit::aim_track(const WindowStats& window) noexcept {
  const double span =
      std::clamp(kSpanErrors * knee_.deviation(), options_.span_min, options_.span_max);
  const double upper = share_above();
  const double log_knee =
      knee_.quantile(burstiness_ < kBursty ? upper : std::max(upper, kLeanBursty));
  const double low = std::max(1.0, std::round(std::exp(log_knee - (1 - upper) * span)));
  const double high = std::max(low + 1, std::round(std::exp(log_knee + upper * span)));
  Arm& arm = arms_[static_cast<size_t>(visit_)];
  arm = Arm{};
  LimitCause cause = LimitCause::kProbe;
  switch (visit_) {
    case Visit::kHigh:
      arm.limit = whole(clamp_to(options_.range, high));
      cause = arm.limit > high_limit_   ? LimitCause::kGrow
              : arm.limit < high_limit_ ? LimitCause::kShrink
                                        : LimitCause::kProbeEnd;
      // What was seen at another limit is no measure of this one.
      if (std::abs(1.0 * arm.limit - high_limit_) > std::max(1.0, kSameLimit * high_limit_))
        high_weight_ = 0;
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
      arm.limit = whole(clamp_to(options_.range, std::ceil(high * careful(options_.peek_ratio))));
      break;
  }
  return move_to(arm.limit, cause, window);
}

LimitDecision ElasticLimit::update_track(const WindowStats& window) noexcept {
  Arm& arm = arms_[static_cast<size_t>(visit_)];
  add(arm, window);
  bool over = visit_over(arm) || goes_wrong(arm);
  if (visit_ == Visit::kHigh && left_its_place()) {
    const bool more = arm.rate() > high_rate_;
    // Where limits that are too high are known to cost throughput, this one may just be that: a low
    // visit will tell. Elsewhere the service has changed.
    if (more || knee_.decline() < kDeclining) {
      begin_search(/*up=*/more);
      return stay(LimitCause::kHold);
    }
    over = true;
    high_weight_ = 0;
  }
  if (!over) return stay(LimitCause::kHold);
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
      if (elasticity_ > kGoOn) peek_next_ = true;  // the knee may well be far above
      peek_debt_ = elasticity_ > kGoOn ? std::max(peek_debt_, 1e-3) : peek_debt_;
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

// Whether a peek has cost throughput already, beyond chance: then it need not last any longer.
bool ElasticLimit::goes_wrong(const Arm& arm) const noexcept {
  if (visit_ != Visit::kPeek || arm.finished < kSearchFinishedMin) return false;
  const Arm known{high_limit_, high_weight_, high_weight_ / high_rate_};
  const double response = std::log(arm.rate() / known.rate());
  return response < -kLeftMin - options_.confidence * counting_error(arm, known);
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

}  // namespace weir
