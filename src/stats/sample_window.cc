#include "weir/stats/sample_window.h"

#include "weir/base/assert.h"

namespace weir {
namespace {

// What a counter grew by. Two writers in one slot can make it look smaller than before: no change.
uint64_t grown(uint64_t now, uint64_t before) noexcept {
  const auto difference = static_cast<int64_t>(now - before);
  return difference > 0 ? static_cast<uint64_t>(difference) : 0;
}

}  // namespace

SampleWindow::SampleWindow(uint16_t worker_count)
    : slots_(std::make_unique<Slot[]>(worker_count)), worker_count_(worker_count) {
  WEIR_ASSERT(worker_count >= 1);
}

uint64_t SampleWindow::signals() const noexcept {
  uint64_t sum = 0;
  for (uint16_t worker = 0; worker < worker_count_; ++worker) {
    sum += slots_[worker].sampled.load(std::memory_order_relaxed);
    sum += slots_[worker].dropped.load(std::memory_order_relaxed);
  }
  return grown(sum, seen_.sampled + seen_.dropped);
}

SampleWindow::Totals SampleWindow::totals() const noexcept {
  Totals sum;
  for (uint16_t worker = 0; worker < worker_count_; ++worker) {
    const Slot& slot = slots_[worker];
    sum.admitted += slot.admitted.load(std::memory_order_relaxed);
    sum.inflight_sum += slot.inflight_sum.load(std::memory_order_relaxed);
    sum.limited += slot.limited.load(std::memory_order_relaxed);
    sum.sampled += slot.sampled.load(std::memory_order_relaxed);
    sum.latency_sum += slot.latency_sum.load(std::memory_order_relaxed);
    sum.unsampled += slot.unsampled.load(std::memory_order_relaxed);
    sum.failures += slot.failures.load(std::memory_order_relaxed);
    sum.dropped += slot.dropped.load(std::memory_order_relaxed);
    sum.ignored += slot.ignored.load(std::memory_order_relaxed);
  }
  return sum;
}

void SampleWindow::gather(WindowStats& out) noexcept {
  gather_extremes(out);
  tag_.store((tag_.load(std::memory_order_relaxed) + 1) & kTagMask, std::memory_order_relaxed);

  const Totals now = totals();
  out.successes = grown(now.sampled, seen_.sampled) + grown(now.unsampled, seen_.unsampled);
  out.failures = grown(now.failures, seen_.failures);
  out.dropped = grown(now.dropped, seen_.dropped);
  out.ignored = grown(now.ignored, seen_.ignored);
  out.admitted = grown(now.admitted, seen_.admitted);
  out.limited = grown(now.limited, seen_.limited);
  out.inflight_sum = static_cast<double>(grown(now.inflight_sum, seen_.inflight_sum));
  out.latency.add_sum_ns(static_cast<double>(grown(now.latency_sum, seen_.latency_sum)));
  seen_ = now;
  gather_latency(out);
}

void SampleWindow::gather_latency(WindowStats& out) noexcept {
  for (size_t i = 0; i < seen_buckets_.size(); ++i) {
    uint32_t sum = 0;
    for (uint16_t worker = 0; worker < worker_count_; ++worker)
      sum += slots_[worker].buckets[i].load(std::memory_order_relaxed);
    const auto difference = static_cast<int32_t>(sum - seen_buckets_[i]);
    if (difference > 0)
      out.latency.add_bucket(static_cast<int>(i), static_cast<uint64_t>(difference));
    seen_buckets_[i] = sum;
  }
}

void SampleWindow::gather_extremes(WindowStats& out) const noexcept {
  for (uint16_t worker = 0; worker < worker_count_; ++worker) {
    const uint64_t peak = slots_[worker].inflight_peak.load(std::memory_order_relaxed);
    if (peak >> kPeakBits == tag())
      out.inflight_peak = std::max(out.inflight_peak, static_cast<uint32_t>(peak));
    const uint64_t least = slots_[worker].latency_min.load(std::memory_order_relaxed);
    if (least >> kLatencyBits == tag())
      out.latency_min =
          std::min(out.latency_min, Duration(static_cast<int64_t>(least & kLatencyMask)));
  }
}

}  // namespace weir
