// SampleWindow: where the hot path leaves its measurements and the control loop picks them up.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "weir/base/outcome.h"
#include "weir/stats/histogram.h"
#include "weir/stats/window_stats.h"

namespace weir {

/// One slot of counters a worker, written by that worker alone, read by one control thread.
/// Counters only grow; the reader keeps the totals it saw last and takes differences, so the writer
/// never resets, never waits and needs no read-modify-write: a record is a handful of plain loads
/// and stores (relaxed atomics). The peak and the minimum, which have no difference, carry the
/// number of the window they belong to.
///
/// Two threads that write one slot lose a sample now and then; a counter that so appears to go back
/// is read as no change. Memory: 4 KiB a worker and 4 KiB for the reader, all allocated at
/// construction.
class SampleWindow {
 public:
  /// `worker_count` ≥ 1 slots; a worker's number is below it.
  explicit SampleWindow(uint16_t worker_count);

  // The writers: one thread a slot.

  /// `units` were admitted; `inflight` is what is in flight now, they included.
  void record_admitted(uint16_t worker, uint32_t inflight) noexcept {
    Slot& slot = slots_[worker];
    bump(slot.admitted, 1);
    bump(slot.inflight_sum, inflight);
    const uint64_t peak = slot.inflight_peak.load(std::memory_order_relaxed);
    const uint64_t tagged = tag() << kPeakBits | inflight;
    if (peak >> kPeakBits != tag() || peak < tagged)
      slot.inflight_peak.store(tagged, std::memory_order_relaxed);
  }
  void record_limited(uint16_t worker) noexcept { bump(slots_[worker].limited, 1); }
  void record_failure(uint16_t worker) noexcept { bump(slots_[worker].failures, 1); }
  void record_dropped(uint16_t worker) noexcept { bump(slots_[worker].dropped, 1); }
  void record_ignored(uint16_t worker) noexcept { bump(slots_[worker].ignored, 1); }
  /// A success whose latency says nothing: it counts for throughput only.
  void record_unsampled(uint16_t worker) noexcept { bump(slots_[worker].unsampled, 1); }
  /// A success with its latency.
  void record_sampled(uint16_t worker, Duration latency) noexcept {
    Slot& slot = slots_[worker];
    const auto nanos = static_cast<uint64_t>(std::max<int64_t>(latency.count(), 0));
    bump(slot.sampled, 1);
    bump(slot.latency_sum, nanos);
    auto& bucket = slot.buckets[static_cast<size_t>(HistogramShape::index(latency))];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    const uint64_t least = slot.latency_min.load(std::memory_order_relaxed);
    const uint64_t tagged = tag() << kLatencyBits | std::min(nanos, kLatencyMask);
    if (least >> kLatencyBits != tag() || least > tagged)
      slot.latency_min.store(tagged, std::memory_order_relaxed);
  }

  // The reader: one thread at a time.

  /// Latency samples and drops since the last gather: what a law can learn from.
  uint64_t signals() const noexcept;

  /// Fills the counters and the latency of `out` with what was recorded since the last gather, and
  /// starts the next window.
  void gather(WindowStats& out) noexcept;

  uint16_t worker_count() const noexcept { return worker_count_; }

 private:
  static constexpr int kPeakBits = 32;
  static constexpr int kLatencyBits = 48;  // 2^48 ns = 78 h
  static constexpr uint64_t kLatencyMask = (uint64_t{1} << kLatencyBits) - 1;
  static constexpr uint32_t kTagMask =
      0xffff;  // a peak would have to idle 2^16 windows to look new

  struct alignas(64) Slot {
    std::atomic<uint64_t> admitted{0};
    std::atomic<uint64_t> inflight_sum{0};
    std::atomic<uint64_t> inflight_peak{0};  // the window's tag, then the peak
    std::atomic<uint64_t> limited{0};
    std::atomic<uint64_t> sampled{0};
    std::atomic<uint64_t> latency_sum{0};
    std::atomic<uint64_t> latency_min{0};  // tag, then the minimum
    std::atomic<uint64_t> unsampled{0};
    std::atomic<uint64_t> failures{0};
    std::atomic<uint64_t> dropped{0};
    std::atomic<uint64_t> ignored{0};
    std::array<std::atomic<uint32_t>, HistogramShape::kBuckets> buckets{};
  };

  struct Totals {
    uint64_t admitted = 0;
    uint64_t inflight_sum = 0;
    uint64_t limited = 0;
    uint64_t sampled = 0;
    uint64_t latency_sum = 0;
    uint64_t unsampled = 0;
    uint64_t failures = 0;
    uint64_t dropped = 0;
    uint64_t ignored = 0;
  };

  static void bump(std::atomic<uint64_t>& counter, uint64_t by) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  uint64_t tag() const noexcept { return tag_.load(std::memory_order_relaxed); }
  Totals totals() const noexcept;
  void gather_latency(WindowStats& out) noexcept;
  void gather_extremes(WindowStats& out) const noexcept;

  std::unique_ptr<Slot[]> slots_;
  std::atomic<uint32_t> tag_{1};  // the window's number, modulo 2^16
  uint16_t worker_count_;

  Totals seen_;
  std::array<uint32_t, HistogramShape::kBuckets> seen_buckets_{};
};

}  // namespace weir
