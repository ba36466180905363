// PriorityGate: the outermost policy; turns away what is doomed and what matters least.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "weir/policy/policy.h"

namespace weir {

/// 128 cohorts in each class of criticality: the steps in which load is shed.
inline constexpr uint32_t kCohortCount = 128;
inline constexpr uint32_t kShedLevelCount = kCriticalityCount * kCohortCount;

/// The level of a request, 0 (shed last) to kShedLevelCount − 1 (shed first). Within a class a
/// cohort is shed as a whole, so the same callers are served throughout instead of each one now and
/// then.
constexpr uint32_t shed_level(Criticality criticality, uint8_t cohort) noexcept {
  return static_cast<uint32_t>(criticality) * kCohortCount + (cohort & (kCohortCount - 1));
}

/// Refuses what is past its deadline or cannot be done before it, and what is at or above the level
/// in force. Counts what arrives at each level, so that the level for "shed a tenth of what comes"
/// can be read from the recent mix (Uber's Cinnamon, 2023).
///
/// admit: any thread; only loads, and one store to the worker's own counters. set_*, shed_ratio,
/// forget: one control thread.
class PriorityGate final : public Policy {
 public:
  /// `worker_count` ≥ 1; RequestContext::worker is below it. Memory: 4 KiB a worker.
  explicit PriorityGate(uint16_t worker_count);

  std::string_view name() const noexcept override { return "priority_gate"; }
  Expected<Ticket, Rejection> admit(const RequestContext& context, Instant now) noexcept override;
  void complete(Ticket, const Completion&) noexcept override {}  // takes nothing, learns nothing

  /// Requests at this level and above are refused; kShedLevelCount (the default) refuses nobody.
  void set_threshold(uint32_t level) noexcept {
    threshold_.store(level, std::memory_order_relaxed);
  }
  uint32_t threshold() const noexcept { return threshold_.load(std::memory_order_relaxed); }

  /// A service time (say the median) without which a deadline cannot be met; zero while unknown.
  void set_service_time(Duration time) noexcept {
    service_ns_.store(time.count(), std::memory_order_relaxed);
  }

  /// Sets the threshold so that about `ratio` (0–1) of the mix seen since `forget` would be
  /// refused: the smallest set of whole levels, least critical first, that is not less. The most
  /// critical level is never refused. Without traffic nothing is refused.
  void shed_ratio(double ratio) noexcept;

  /// Begins a new mix: arrivals before this call count no more.
  void forget() noexcept;

  /// Arrivals since `forget`.
  uint64_t arrivals() const noexcept;

 private:
  struct alignas(64) Slot {
    std::array<std::atomic<uint32_t>, kShedLevelCount> arrivals{};
  };
  using Mix = std::array<uint32_t, kShedLevelCount>;
  Mix totals() const noexcept;

  std::atomic<uint32_t> threshold_{kShedLevelCount};
  std::atomic<int64_t> service_ns_{0};
  uint16_t worker_count_;
  std::unique_ptr<Slot[]> slots_;
  Mix forgotten_{};
};

}  // namespace weir
