#include "weir/policy/priority_gate.h"

#include <algorithm>

#include "weir/base/assert.h"

namespace weir {
namespace {

uint32_t milliseconds(Duration d) noexcept {
  const int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(ms, 0, UINT32_MAX));
}

}  // namespace

PriorityGate::PriorityGate(uint16_t worker_count)
    : worker_count_(worker_count), slots_(std::make_unique<Slot[]>(worker_count)) {
  WEIR_ASSERT(worker_count >= 1);
}

Expected<Ticket, Rejection> PriorityGate::admit(const RequestContext& context,
                                                Instant now) noexcept {
  WEIR_ASSERT(context.worker < worker_count_);
  const uint32_t level = shed_level(context.criticality, context.cohort);
  if (!context.waiting) {
    auto& count = slots_[context.worker].arrivals[level];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  if (context.deadline.bounded()) {
    const Duration left = context.deadline.remaining(now);
    const Duration needed(service_ns_.load(std::memory_order_relaxed));
    if (left == Duration::zero()) return reject(Reason::kDeadlinePassed, milliseconds(needed), 0);
    if (left < needed)
      return reject(Reason::kDeadlineInfeasible, milliseconds(needed), milliseconds(left));
  }
  const uint32_t threshold = threshold_.load(std::memory_order_relaxed);
  if (level >= threshold) return reject(Reason::kPriority, level, threshold);
  return Ticket{};
}

PriorityGate::Mix PriorityGate::totals() const noexcept {
  Mix sum{};
  for (uint16_t worker = 0; worker < worker_count_; ++worker)
    for (size_t level = 0; level < sum.size(); ++level)
      sum[level] += slots_[worker].arrivals[level].load(std::memory_order_relaxed);
  for (size_t level = 0; level < sum.size(); ++level) sum[level] -= forgotten_[level];
  return sum;
}

uint64_t PriorityGate::arrivals() const noexcept {
  uint64_t all = 0;
  for (const uint32_t count : totals()) all += count;
  return all;
}

void PriorityGate::shed_ratio(double ratio) noexcept {
  const Mix mix = totals();
  uint64_t all = 0;
  for (const uint32_t count : mix) all += count;
  const double wanted = std::clamp(ratio, 0.0, 1.0) * static_cast<double>(all);
  uint32_t level = kShedLevelCount;
  double shed = 0;
  while (level > 1 && shed < wanted) shed += mix[--level];
  set_threshold(level);
}

void PriorityGate::forget() noexcept {
  const Mix recent = totals();
  for (size_t level = 0; level < recent.size(); ++level) forgotten_[level] += recent[level];
}

}  // namespace weir
