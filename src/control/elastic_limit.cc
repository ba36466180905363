#include "weir/control/elastic_limit.h"

#include <algorithm>
#include <cmath>

#include "elastic_tuning.h"

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
constexpr double kSpreadMax = 4;
constexpr double kBurstySeconds = 0.495;
// Halving on loss looks at as many ends as are in flight, within these bounds.
constexpr double kLossSamplesMin = 8;
constexpr double kLossSamplesMax = 20;
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
    if (regime_ != Regime::kOpen) begin_search(/*up=*/false);
    const LimitDecision decision = move_to(std::max(1u, limit_ / 2), LimitCause::kDrops, window);
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
  if (saturation_ < kSaturationMin || window.end < loss_from_) {
    lost_ = finished_ = 0;
    return false;
  }
  lost_ += static_cast<double>(window.dropped + window.ignored);
  finished_ += ended(window);
  if (lost_ + finished_ < std::clamp<double>(limit_, kLossSamplesMin, kLossSamplesMax))
    return false;
  const bool more_lost = lost_ > finished_;
  lost_ = finished_ = 0;
  return more_lost && limit_ > 1;
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
  const double wanted = clamp_to(options_.range, careful(options_.headroom) * concurrency_);
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

// Whether the arm is long enough for stop-and-go to average out.
bool ElasticLimit::spans_bursts(const Arm& arm) const noexcept {
  return burstiness_ < kBursty || arm.seconds >= kBurstySeconds;
}

double ElasticLimit::counting_error(const Arm& a, const Arm& b) const noexcept {
  const double scale = std::clamp(std::max(spread_, burstiness_), 0.25, 9.0);
  return std::sqrt(scale * (1 / std::max(a.finished, 0.5) + 1 / std::max(b.finished, 0.5)));
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
