#include "weir/control/elastic_limit.h"

#include <algorithm>
#include <cmath>

namespace weir {
namespace {

constexpr Duration kSlice = std::chrono::milliseconds(10);

// Memory of the running means, in seconds: long enough to smooth slices of a few samples, short
// enough to follow a service that changes within a second.
constexpr double kThroughputMemory = 0.3;
constexpr double kLatencySamples = 40;
// The unsaturated latency rises slowly (over 5 s), so that the first moments of an overload do not
// pass for normal, and falls within 200 samples.
constexpr double kUnsaturatedRise = 5.0;
constexpr double kUnsaturatedSamples = 200;
// Saturation must last two latencies, within these bounds, before it is believed; quota throttling
// and garbage collection make shorter ones.
constexpr double kSaturatedMin = 0.03;
constexpr double kSaturatedMax = 0.3;
// A limit is settled after this many latencies: what was in flight before the move has mostly left.
constexpr double kSettleLatencies = 1.2;

// Samples of a visit: 2·D / ln²(ratio) within bounds, D the dispersion.
constexpr double kVisitSamplesMin = 20;
constexpr double kVisitSamplesMax = 400;
constexpr double kVisitSamplesRest = 150;
constexpr double kVisitSamplesScout = 30;
// A bold test decides at the latest after 24·D / ln²(ratio) samples: two standard errors.
constexpr double kBoldSamples = 24;
constexpr double kBoldSamplesMin = 200;
constexpr double kBoldSamplesMax = 4800;
constexpr double kScoutSamplesMax = 300;
constexpr double kArmSamplesMin = 5;
// A contradiction below 12 % is not worth forgetting everything for, whatever its significance.
constexpr double kSurpriseMin = 0.12;
constexpr double kSurpriseSamplesMin = 30;
constexpr double kSurpriseRatio = 1.5;

// Dispersion is a mean over about 25 slices; synchronised services reach 100 and more.
constexpr double kDispersionWeight = 0.04;
constexpr double kDispersionOutlier = 40;
constexpr double kDispersionMin = 0.3;
constexpr double kErrorScaleMin = 0.7;
constexpr double kErrorScaleMax = 3;
// 12·D / ln² samples tell a ratio apart.
constexpr double kRatioSamples = 12;

// Halving on loss looks at this many ends, and stops at two in flight: one in flight measures
// little.
constexpr double kLossSamples = 20;
constexpr uint32_t kLossLimitMin = 2;

double finished_in(const WindowStats& window) noexcept {
  return static_cast<double>(window.successes + window.failures);
}

}  // namespace

ElasticLimit::ElasticLimit(ElasticLimitOptions options) noexcept
    : options_(options),
      base_(ResponseMemory::nearest(clamp_to(options.range, options.initial))),
      candidate_(base_),
      limit_(base_),
      memory_(options.memory),
      ratio_(options.ratio_max) {}

WindowSpec ElasticLimit::window() const noexcept {
  return {kSlice, 0, kSlice};
}

const FigureNames& ElasticLimit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {"throughput_per_second", "elasticity", "elasticity_error",
                                         "limit_in_use"};
  return kNames;
}

LimitDecision ElasticLimit::update(const WindowStats& window, Instant /*now*/) noexcept {
  observe(window);
  if (losing(window)) {
    base_ = std::max(kLossLimitMin, ResponseMemory::nearest(base_ / 2.0));
    restart(false);
    if (regime_ != Regime::kOpen) choose_candidate(window.end);
    return visit(false, LimitCause::kDrops, window);
  }
  return regime_ == Regime::kOpen ? update_open(window) : update_saturated(window);
}

void ElasticLimit::observe(const WindowStats& window) noexcept {
  const double length = to_seconds(window.length());
  const double rate = finished_in(window) / length;
  throughput_ += (rate - throughput_) * std::min(1.0, length / kThroughputMemory);
  if (window.samples() > 0) {
    const double mean = to_seconds(window.latency.mean());
    const auto samples = static_cast<double>(window.samples());
    const double weight = std::min(0.5, samples / kLatencySamples);
    latency_ = latency_ == 0 ? mean : latency_ + (mean - latency_) * weight;
  }
  const double turnover = rate * latency_;
  concurrency_ += (turnover - concurrency_) * std::min(1.0, length / std::max(0.02, latency_));

  const bool full = window.inflight * 10 >= window.limit * 9;
  if (full && (window.limited > 0 || window.queued > 0)) {
    saturated_s_ += length;
    unsaturated_s_ = 0;
  } else {
    unsaturated_s_ += length;
    if (unsaturated_s_ > 0.1) saturated_s_ = 0;
  }
}

bool ElasticLimit::losing(const WindowStats& window) noexcept {
  if (unsaturated_s_ > 0) {
    lost_ = finished_ = 0;
    return false;
  }
  lost_ += static_cast<double>(window.dropped + window.ignored);
  finished_ += finished_in(window);
  if (lost_ + finished_ < kLossSamples) return false;
  const bool more_lost = lost_ > finished_;
  lost_ = finished_ = 0;
  return more_lost && base_ > kLossLimitMin;
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

LimitDecision ElasticLimit::update_open(const WindowStats& window) noexcept {
  observe_unsaturated(window);
  const bool known = latency_unsaturated_ > 0;
  const double wanted = clamp_to(options_.range, options_.headroom * concurrency_);
  if (unsaturated_s_ > 0 && known && wanted > base_ &&
      latency_ < options_.latency_rise_max * latency_unsaturated_) {
    base_ = limit_ = ResponseMemory::nearest(wanted);
    return stay(LimitCause::kNotSaturated);
  }
  const double believed = std::clamp(2 * latency_, kSaturatedMin, kSaturatedMax);
  if (unsaturated_s_ > 0 || (known && saturated_s_ < believed))
    return stay(LimitCause::kNotSaturated);
  restart(!known || latency_ <= options_.latency_queueing * latency_unsaturated_);
  settle_until_ = window.end;
  draining_ = false;
  choose_candidate(window.end);
  return visit(false, LimitCause::kHold, window);
}

LimitDecision ElasticLimit::update_saturated(const WindowStats& window) noexcept {
  if (unsaturated_s_ > std::max(0.3, 3 * latency_)) {
    regime_ = Regime::kOpen;
    saturated_s_ = 0;
    base_ = limit_ = std::max(base_, limit_);
    return stay(LimitCause::kNotSaturated);
  }
  if (!settled(window) || unsaturated_s_ > 0) return stay(LimitCause::kHold);

  const double length = to_seconds(window.length());
  const ResponseMemory::Sample known = memory_.at(limit_, window.end);
  const double count = known.finished + visit_.finished;
  if (count >= kVisitSamplesMin) {
    const double expected = count / (known.seconds + visit_.seconds) * length;
    const double off = finished_in(window) - expected;
    const double ratio = std::min(kDispersionOutlier, off * off / expected);
    dispersion_ += (ratio - dispersion_) * kDispersionWeight;
  }
  visit_.add(finished_in(window), length);
  switch (regime_) {
    case Regime::kResting: return update_resting(window);
    case Regime::kTesting: return update_testing(window);
    case Regime::kScouting: return update_scouting(window);
    case Regime::kOpen: break;
  }
  return stay(LimitCause::kHold);
}

LimitDecision ElasticLimit::update_resting(const WindowStats& window) noexcept {
  const bool up_due = window.end >= up_not_before_;
  const bool down_due = window.end >= down_not_before_;
  const bool scout_due = !bold_ && window.end >= scout_not_before_;
  if (!up_due && !down_due && !scout_due) {
    const double wanted = kVisitSamplesRest * std::max(1.0, dispersion_);
    if (visit_.finished >= wanted && visit_.seconds >= latency_) {
      remember_visit(window.end);
      visit_ = {};
    }
    return stay(LimitCause::kHold);
  }
  // A fresh piece of the base beside the candidate, so that drift falls out of the comparison.
  if (visit_.finished < kVisitSamplesMin || visit_.seconds < latency_)
    return stay(LimitCause::kHold);
  if (scout_due) {
    scout_base_ = visit_;
    scout_candidate_ = {};
    remember_visit(window.end);
    regime_ = Regime::kScouting;
    test_begin_ = window.end;
    candidate_ = ResponseMemory::nearest(clamp_to(options_.range, base_ * options_.ratio_max));
    return visit(true, LimitCause::kProbe, window);
  }
  remember_visit(window.end);
  if (up_ ? !up_due : !down_due) up_ = !up_;
  choose_candidate(window.end);
  return visit(true, LimitCause::kProbe, window);
}

LimitDecision ElasticLimit::update_testing(const WindowStats& window) noexcept {
  const double log_ratio = std::log(static_cast<double>(candidate_) / base_);
  const double decisive = std::max(dispersion_, kDispersionMin) / (log_ratio * log_ratio);
  const double wanted = std::clamp(2 * decisive, kVisitSamplesMin, kVisitSamplesMax);
  if (visit_.finished < wanted || visit_.seconds < latency_) return stay(LimitCause::kHold);
  const bool at_candidate = limit_ == candidate_;
  const bool surprised = remember_visit(window.end);
  if (!at_candidate) {
    if (surprised) choose_candidate(window.end);
    return visit(true, LimitCause::kProbe, window);
  }
  if (surprised) return visit(false, LimitCause::kProbeEnd, window);
  const ResponseMemory::Sample base = memory_.at(base_, window.end);
  const ResponseMemory::Sample candidate = memory_.at(candidate_, window.end);
  if (base.finished < kArmSamplesMin || candidate.finished < kArmSamplesMin)
    return visit(false, LimitCause::kProbeEnd, window);

  last_estimate_ = estimate(base, candidate);
  const double margin = last_estimate_.elasticity - options_.elasticity_worth;
  const bool decided = std::abs(margin) > options_.confidence * last_estimate_.error;
  const bool enough = base.finished + candidate.finished >
                      std::clamp(kBoldSamples * decisive, kBoldSamplesMin, kBoldSamplesMax);
  if (!decided && bold_ && !enough) return visit(false, LimitCause::kProbeEnd, window);
  const bool better = up_ == (margin > 0);
  if (better && (decided || bold_)) return accept(window);
  return refuse(window, last_estimate_, decided);
}

LimitDecision ElasticLimit::accept(const WindowStats& window) noexcept {
  const LimitCause cause = up_ ? LimitCause::kGrow : LimitCause::kShrink;
  base_ = candidate_;
  refused_in_row_ = 0;
  if (++accepted_in_row_ >= 2) ratio_ = std::min(options_.ratio_max, ratio_ * 1.25);
  (up_ ? up_not_before_ : down_not_before_) = Instant{};
  // The new base has just been measured: straight on to the next candidate.
  choose_candidate(window.end);
  return visit(true, cause, window);
}

LimitDecision ElasticLimit::refuse(const WindowStats& window, const Estimate& estimate,
                                   bool decided) noexcept {
  accepted_in_row_ = 0;
  ++refused_in_row_;
  if (refused_in_row_ >= (decided ? 2 : 3)) bold_ = false;
  // Rest until what the test cost is rest_cost of the whole, so that probing stays cheap for good.
  const double doubt = bold_ ? estimate.error * std::abs(estimate.log_ratio) : 0;
  const double cost = std::max(0.0, 1 - std::exp(estimate.change) - doubt);
  const double length = to_seconds(window.end - test_begin_);
  double rest = std::min(to_seconds(options_.rest_max), length * cost / options_.rest_cost);
  if (refused_in_row_ > 2) rest = std::max(rest, 0.5);
  (up_ ? up_not_before_ : down_not_before_) = window.end + from_seconds(rest);
  up_ = !up_;
  if (decided) ratio_ = std::max(ratio_least(), 1 + (ratio_ - 1) * 0.7);
  regime_ = Regime::kResting;
  return visit(false, LimitCause::kProbeEnd, window);
}

LimitDecision ElasticLimit::update_scouting(const WindowStats& window) noexcept {
  const double noise = std::max(1.0, dispersion_);
  if (visit_.finished < kVisitSamplesScout * noise || visit_.seconds < latency_)
    return stay(LimitCause::kHold);
  const bool at_candidate = limit_ == candidate_;
  (at_candidate ? scout_candidate_ : scout_base_).add(visit_.finished, visit_.seconds);
  if (scout_candidate_.finished < kArmSamplesMin || candidate_ == base_)
    return visit(candidate_ != base_, LimitCause::kProbe, window);

  last_estimate_ = estimate(scout_base_, scout_candidate_);
  const double margin =
      (last_estimate_.elasticity - options_.elasticity_worth) / last_estimate_.error;
  if (margin > options_.scout_confidence) {
    restart(true);
    base_ = candidate_;
    accepted_in_row_ = 1;
    memory_.add(base_, scout_candidate_, window.end);
    choose_candidate(window.end);
    return visit(true, LimitCause::kGrow, window);
  }
  if (margin < -0.5 ||
      scout_base_.finished + scout_candidate_.finished > kScoutSamplesMax * noise) {
    const double doubt = last_estimate_.error * std::abs(last_estimate_.log_ratio);
    const double cost = std::max(0.0, 1 - std::exp(last_estimate_.change) - doubt);
    const double length = to_seconds(window.end - test_begin_);
    const double rest =
        std::clamp(length * cost / options_.rest_cost, to_seconds(options_.scout_interval),
                   to_seconds(options_.scout_interval_max));
    scout_not_before_ = window.end + from_seconds(rest);
    regime_ = Regime::kResting;
    return visit(false, LimitCause::kProbeEnd, window);
  }
  return visit(!at_candidate, at_candidate ? LimitCause::kProbeEnd : LimitCause::kProbe, window);
}

bool ElasticLimit::settled(const WindowStats& window) noexcept {
  if (window.end < settle_until_) return false;
  if (!draining_) return true;
  if (window.inflight <= limit_) draining_ = false;
  return false;
}

void ElasticLimit::restart(bool up) noexcept {
  memory_.forget();
  up_ = up;
  bold_ = true;
  ratio_ = options_.ratio_max;
  accepted_in_row_ = refused_in_row_ = 0;
  up_not_before_ = down_not_before_ = Instant{};
}

void ElasticLimit::choose_candidate(Instant now) noexcept {
  regime_ = Regime::kTesting;
  test_begin_ = now;
  ratio_ = std::max(ratio_, ratio_least());
  if (base_ <= std::max<uint32_t>(1, options_.range.min)) up_ = true;
  if (base_ >= options_.range.max) up_ = false;
  const double target = up_ ? base_ * ratio_ : base_ / ratio_;
  candidate_ = ResponseMemory::nearest(clamp_to(options_.range, target));
  if (candidate_ == base_) candidate_ = ResponseMemory::step(base_, up_);
}

// Adds the visit to what is remembered of its limit. True when the two contradict each other: then
// the service has changed, and everything else that is remembered goes.
bool ElasticLimit::remember_visit(Instant now) noexcept {
  const ResponseMemory::Sample known = memory_.at(limit_, now);
  bool surprised = false;
  if (known.finished >= kSurpriseSamplesMin && visit_.finished > 0) {
    const double change = std::abs(std::log(visit_.rate() / known.rate()));
    const double error = error_scale() * std::sqrt(1 / visit_.finished + 1 / known.finished);
    surprised = change > kSurpriseMin && change > options_.surprise * error;
  }
  if (surprised) {
    const double ratio = std::max(ratio_, kSurpriseRatio);
    restart(up_);
    ratio_ = ratio;
  }
  memory_.add(limit_, visit_, now);
  return surprised;
}

LimitDecision ElasticLimit::visit(bool candidate, LimitCause cause,
                                  const WindowStats& window) noexcept {
  const uint32_t limit = candidate ? candidate_ : base_;
  if (limit != limit_) {
    draining_ = limit < limit_;
    // After a cut the queue inside the service shrinks with the limit, and the latency with it.
    const double ratio = draining_ ? static_cast<double>(limit) / limit_ : 1.0;
    const double settle = std::max(to_seconds(kSlice), kSettleLatencies * latency_ * ratio);
    settle_until_ = window.end + from_seconds(settle);
    limit_ = limit;
  }
  visit_ = {};
  return stay(cause);
}

LimitDecision ElasticLimit::stay(LimitCause cause) const noexcept {
  return {
      limit_,
      cause,
      Instant{},
      {throughput_, last_estimate_.elasticity, last_estimate_.error, static_cast<double>(base_)}};
}

ElasticLimit::Estimate ElasticLimit::estimate(
    const ResponseMemory::Sample& base, const ResponseMemory::Sample& candidate) const noexcept {
  Estimate result;
  result.log_ratio = std::log(static_cast<double>(candidate_) / base_);
  result.change = std::log(std::max(candidate.rate(), 1e-9) / std::max(base.rate(), 1e-9));
  result.elasticity = result.change / result.log_ratio;
  const double counts = 1 / std::max(base.finished, 0.5) + 1 / std::max(candidate.finished, 0.5);
  result.error = error_scale() * std::sqrt(counts) / std::abs(result.log_ratio);
  return result;
}

double ElasticLimit::error_scale() const noexcept {
  return std::clamp(std::sqrt(dispersion_), kErrorScaleMin, kErrorScaleMax);
}

// The smallest ratio that test_length of samples can tell apart.
double ElasticLimit::ratio_least() const noexcept {
  const double samples = std::max(1.0, throughput_) * to_seconds(options_.test_length);
  const double scale = error_scale();
  const double log_ratio = std::sqrt(kRatioSamples * scale * scale / samples);
  return std::exp(
      std::clamp(log_ratio, std::log(options_.ratio_min), std::log(options_.ratio_max)));
}

}  // namespace weir
