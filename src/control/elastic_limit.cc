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
constexpr double kAgreedConfidence = 0.5;
constexpr double kVisitSamplesMin = 20;
constexpr double kVisitSamplesMax = 150;
// The spread is taken between that of an exponential and four times it; counts are Poisson at best.
constexpr double kSpreadMax = 4;
constexpr double kErrorScaleMax = 1.5;
// Halving on loss looks at this many ends, and stops at two in flight: one in flight measures
// little.
constexpr double kLossSamples = 20;
constexpr uint32_t kLossLimitMin = 2;

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

}  // namespace

ElasticLimit::ElasticLimit(ElasticLimitOptions options) noexcept
    : options_(options),
      base_(whole(clamp_to(options.range, options.initial))),
      candidate_(base_),
      limit_(base_),
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
    base_ = std::max(kLossLimitMin, base_ / 2);
    ratio_ = options_.ratio_max;
    up_ = false;
    up_not_before_ = down_not_before_ = Instant{};
    if (regime_ != Regime::kOpen) begin_test(window.end);
    return move_to(base_, LimitCause::kDrops, window);
  }
  return regime_ == Regime::kOpen ? update_open(window) : update_test(window);
}

void ElasticLimit::observe(const WindowStats& window) noexcept {
  const double length = to_seconds(window.length());
  const auto finished = static_cast<double>(window.successes + window.failures);
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
  finished_ += static_cast<double>(window.successes + window.failures);
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
    base_ = limit_ = whole(wanted);
    return stay(LimitCause::kNotSaturated);
  }
  const double believed = std::clamp(2 * latency_, kSaturatedMin, kSaturatedMax);
  if (unsaturated_s_ > 0 || (known && saturated_s_ < believed)) {
    return stay(LimitCause::kNotSaturated);
  }
  up_ = !known || latency_ <= options_.latency_queueing * latency_unsaturated_;
  ratio_ = options_.ratio_max;
  refused_in_row_ = 0;
  up_not_before_ = down_not_before_ = Instant{};
  settle_until_ = window.end;
  draining_ = false;
  begin_test(window.end);
  return stay(LimitCause::kHold);
}

LimitDecision ElasticLimit::update_test(const WindowStats& window) noexcept {
  if (unsaturated_s_ > std::max(0.3, 3 * latency_)) {
    regime_ = Regime::kOpen;
    saturated_s_ = 0;
    limit_ = base_ = std::max(base_, limit_);
    return stay(LimitCause::kNotSaturated);
  }
  if (!settled(window) || unsaturated_s_ > 0) return stay(LimitCause::kHold);
  if (regime_ == Regime::kResting) {
    const bool up_due = window.end >= up_not_before_;
    const bool down_due = window.end >= down_not_before_;
    if (!up_due && !down_due) return stay(LimitCause::kHold);
    if (up_ ? !up_due : !down_due) up_ = !up_;
    begin_test(window.end);
  }

  const bool at_candidate = visited_ % 2 == 1;
  Arm& arm = arms_[at_candidate];
  const auto finished = static_cast<double>(window.successes + window.failures);
  arm.finished += finished;
  arm.seconds += to_seconds(window.length());
  visit_finished_ += finished;
  visit_s_ += to_seconds(window.length());
  const double wanted = visit_samples();
  if (visited_ == 0 && (visit_finished_ < wanted || visit_s_ < latency_)) {
    return stay(LimitCause::kHold);
  }
  if (visited_ > 0) {
    if (visit_finished_ < wanted / 2 || visit_s_ < latency_) return stay(LimitCause::kHold);
    if (arms_[0].finished < 5 || arms_[1].finished < 5) return stay(LimitCause::kHold);
    const Estimate now = estimate();
    const double margin = now.elasticity - options_.elasticity_worth;
    if (std::abs(margin) > doubt(margin > 0) * now.error) return conclude(window, now, margin > 0);
    if (visit_finished_ < wanted) return stay(LimitCause::kHold);
    const double most =
        std::clamp(24 / (now.log_ratio * now.log_ratio) * std::max(spread_, 0.02), 200.0, 2400.0);
    if (arms_[0].finished + arms_[1].finished > most) return conclude(window, now, margin > 0);
  }
  ++visited_;
  visit_finished_ = visit_s_ = 0;
  const bool to_candidate = visited_ % 2 == 1;
  return move_to(to_candidate ? candidate_ : base_,
                 to_candidate ? LimitCause::kProbe : LimitCause::kProbeEnd, window);
}

LimitDecision ElasticLimit::conclude(const WindowStats& window, const Estimate& estimate,
                                     bool worth) noexcept {
  if (up_ == worth) {  // the candidate is the better place
    base_ = candidate_;
    refused_in_row_ = 0;
    ratio_ = std::min(options_.ratio_max, ratio_ * 1.25);
    up_not_before_ = down_not_before_ = Instant{};
    begin_test(window.end);
    return move_to(base_, up_ ? LimitCause::kGrow : LimitCause::kShrink, window);
  }
  // Rest until what the test cost is rest_cost of the whole, so that probing stays cheap for good.
  ++refused_in_row_;
  const double change = estimate.elasticity * estimate.log_ratio;
  const double error = estimate.error * std::abs(estimate.log_ratio);
  const double cost = std::max(0.0, 1 - std::exp(change) - error);
  const double length = to_seconds(window.end - test_begin_);
  double rest = std::min(to_seconds(options_.rest_max), length * cost / options_.rest_cost);
  if (refused_in_row_ > 2) rest = std::max(rest, 0.5);
  (up_ ? up_not_before_ : down_not_before_) = window.end + from_seconds(rest);
  up_ = !up_;
  ratio_ = std::max(ratio_least(), 1 + (ratio_ - 1) * 0.7);
  regime_ = Regime::kResting;
  return move_to(base_, LimitCause::kProbeEnd, window);
}

bool ElasticLimit::settled(const WindowStats& window) noexcept {
  if (window.end < settle_until_) return false;
  if (!draining_) return true;
  if (window.inflight <= limit_) draining_ = false;
  return false;
}

void ElasticLimit::begin_test(Instant now) noexcept {
  regime_ = Regime::kTesting;
  arms_[0] = arms_[1] = Arm{};
  visited_ = 0;
  visit_finished_ = visit_s_ = 0;
  test_begin_ = now;
  ratio_ = std::max(ratio_, ratio_least());
  if (base_ <= options_.range.min) up_ = true;
  if (base_ >= options_.range.max) up_ = false;
  const double target = up_ ? base_ * ratio_ : base_ / ratio_;
  candidate_ = whole(clamp_to(options_.range, std::round(target)));
  if (candidate_ == base_) candidate_ = up_ ? base_ + 1 : base_ - 1;
}

LimitDecision ElasticLimit::move_to(uint32_t limit, LimitCause cause,
                                    const WindowStats& window) noexcept {
  if (limit != limit_) {
    draining_ = limit < limit_;
    // After a cut the queue inside the service shrinks with the limit, and the latency with it.
    const double ratio = draining_ ? static_cast<double>(limit) / limit_ : 1.0;
    settle_until_ = window.end +
                    from_seconds(std::max(to_seconds(kSlice), kSettleLatencies * latency_ * ratio));
    limit_ = limit;
  }
  return stay(cause);
}

LimitDecision ElasticLimit::stay(LimitCause cause) const noexcept {
  LimitDecision decision{limit_, cause, Instant{}, {throughput_, 0, 0, double(base_)}};
  if (regime_ == Regime::kTesting && arms_[1].finished > 0) {
    const Estimate now = estimate();
    decision.figures[1] = now.elasticity;
    decision.figures[2] = now.error;
  }
  return decision;
}

ElasticLimit::Estimate ElasticLimit::estimate() const noexcept {
  const double log_ratio = std::log(static_cast<double>(candidate_) / base_);
  const double count_base = std::max(arms_[0].finished, 0.5);
  const double count_candidate = std::max(arms_[1].finished, 0.5);
  const double change = std::log(count_candidate / std::max(arms_[1].seconds, 1e-9)) -
                        std::log(count_base / std::max(arms_[0].seconds, 1e-9));
  const double scale = std::clamp(std::sqrt(spread_), 1.0, kErrorScaleMax);
  const double error = scale * std::sqrt(1 / count_base + 1 / count_candidate);
  return {log_ratio, change / log_ratio, error / std::abs(log_ratio)};
}

// Latency decides nothing, but where it agrees with the verdict half the evidence is enough: far
// above the unsaturated latency more in flight is not expected to pay, and close to it, it is.
double ElasticLimit::doubt(bool worth) const noexcept {
  if (latency_unsaturated_ == 0) return options_.confidence;
  const bool queueing = latency_ > options_.latency_queueing * latency_unsaturated_;
  return worth == queueing ? options_.confidence : kAgreedConfidence * options_.confidence;
}

// The smallest ratio that test_length of samples can tell apart: 12 / ln² samples decide a test.
double ElasticLimit::ratio_least() const noexcept {
  const double samples = std::max(1.0, throughput_) * to_seconds(options_.test_length);
  const double log_ratio = std::sqrt(12 * std::max(1.0, spread_) / samples);
  return std::exp(
      std::clamp(log_ratio, std::log(options_.ratio_min), std::log(options_.ratio_max)));
}

double ElasticLimit::visit_samples() const noexcept {
  const double log_ratio = std::log(static_cast<double>(candidate_) / base_);
  return std::clamp(2 * std::max(spread_, 0.02) / (log_ratio * log_ratio), kVisitSamplesMin,
                    kVisitSamplesMax);
}

}  // namespace weir
