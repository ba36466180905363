#include "bridge/ingest_law.h"

#include <algorithm>
#include <cmath>

namespace weir::bridge {
namespace {

constexpr double kLatencyRise = 0.01;  // a second
constexpr double kRateMemory = 2.0;    // seconds
// A window of a few samples is an accident, not a latency.
constexpr uint64_t kSamplesMin = 3;

}  // namespace

// Few brokers need more than this to be busy. From below the search costs some throughput for a
// moment; from above it costs every producer a queue until it is over.
ElasticLimitOptions IngestLaw::options() {
  ElasticLimitOptions options;
  options.initial = 4;
  options.cold_ratio = 2;
  return options;
}

LimitDecision IngestLaw::update(const WindowStats& window, Instant now) noexcept {
  const double seconds = to_seconds(window.length());
  latency_least_ *= 1 + kLatencyRise * seconds;
  if (window.samples() >= kSamplesMin) {
    const double mean = to_seconds(window.latency.mean());
    latency_least_ = latency_least_ == 0 ? mean : std::min(latency_least_, mean);
  }
  const double weight = 1 - std::exp(-seconds / kRateMemory);
  rate_ += (window.throughput_per_second() - rate_) * weight;
  LimitDecision decision = elastic_.update(window, now);
  // What demand has not tried is not known: only a limit that was reached is capped.
  if (window.limited > 0 && decision.limit > cap()) decision.limit = cap();
  return decision;
}

uint32_t IngestLaw::cap() const noexcept {
  const double bound = std::ceil(kLatencyRatio * rate_ * latency_least_);
  return static_cast<uint32_t>(std::clamp<double>(bound, kMin, UINT32_MAX));
}

}  // namespace weir::bridge
