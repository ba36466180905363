#include "weir/policy/call_window.h"

#include <bit>

#include "weir/base/assert.h"

namespace weir {
namespace {

// Set in every tag in use, so that a part never used, whose tag is zero, belongs to no generation.
constexpr uint64_t kUsed = uint64_t{1} << 63;

constexpr uint64_t tag_of(uint32_t generation, uint32_t part) noexcept {
  return kUsed | uint64_t{generation} << 32 | part;
}

int64_t nanos(Instant now) noexcept {
  return now.time_since_epoch().count();
}

void bump(std::atomic<uint32_t>& counter) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

uint32_t parts_until_overdue(const CallWindow::Options& options, int64_t part_ns) noexcept {
  const int64_t whole = (options.overdue_after.count() + part_ns - 1) / part_ns;
  return static_cast<uint32_t>(whole) + 1;  // the part now running is only partly over
}

}  // namespace

CallWindow::CallWindow(Options options)
    : part_ns_(options.window.count() / kPartsPerWindow),
      overdue_parts_(parts_until_overdue(options, part_ns_)),
      ring_size_(std::bit_ceil(overdue_parts_ + kPartsPerWindow + 1)),
      worker_count_(options.worker_count),
      slots_(std::make_unique<Slot[]>(options.worker_count)),
      parts_(std::make_unique<Part[]>(size_t{options.worker_count} * ring_size_)) {
  WEIR_ASSERT(options.window >= std::chrono::microseconds(10) && options.worker_count >= 1);
  WEIR_ASSERT(options.overdue_after > Duration::zero());
  WEIR_ASSERT(options.overdue_after <= kPartsPerWindow * options.window);
}

uint32_t CallWindow::part_at(uint16_t worker, Instant now) noexcept {
  Slot& slot = slots_[worker];
  const int64_t begin = slot.begin_ns.load(std::memory_order_relaxed);
  const auto since = static_cast<uint64_t>(nanos(now) - begin);
  if (since < static_cast<uint64_t>(part_ns_)) return slot.part.load(std::memory_order_relaxed);
  const int64_t part = nanos(now) / part_ns_;
  slot.begin_ns.store(part * part_ns_, std::memory_order_relaxed);
  slot.part.store(static_cast<uint32_t>(part), std::memory_order_relaxed);
  return static_cast<uint32_t>(part);
}

CallWindow::Part& CallWindow::ring(uint16_t worker, uint32_t part) noexcept {
  return parts_[size_t{worker} * ring_size_ + (part & (ring_size_ - 1))];
}

// This worker's counters of `part`, cleared if they were another part's; null when they are by now
// a later part's. The tag is stored last, so that a reader never takes old counts for new ones.
CallWindow::Part* CallWindow::enter(uint16_t worker, uint32_t generation, uint32_t part,
                                    bool& fresh) noexcept {
  Part& counters = ring(worker, part);
  const uint64_t wanted = tag_of(generation, part);
  const uint64_t tag = counters.tag.load(std::memory_order_relaxed);
  fresh = tag != wanted;
  if (!fresh) return &counters;
  const bool same_generation = tag >> 32 == wanted >> 32;
  if (same_generation && static_cast<int32_t>(static_cast<uint32_t>(tag) - part) > 0)
    return nullptr;
  for (Counter* counter :
       {&counters.begun, &counters.finished, &counters.ended, &counters.failed, &counters.slow})
    counter->store(0, std::memory_order_relaxed);
  counters.tag.store(wanted, std::memory_order_release);
  return &counters;
}

CallWindow::Begun CallWindow::begin(uint16_t worker, uint32_t generation, Instant now) noexcept {
  WEIR_ASSERT(worker < worker_count_);
  Begun begun{part_at(worker, now), false};
  if (Part* counters = enter(worker, generation, begun.part, begun.fresh)) bump(counters->begun);
  return begun;
}

void CallWindow::end(uint16_t worker, uint32_t generation, uint32_t begun_part, End end,
                     Instant now) noexcept {
  WEIR_ASSERT(worker < worker_count_);
  bool fresh;
  Part* counters = enter(worker, generation, begun_part, fresh);
  if (counters != nullptr) bump(counters->finished);
  if (!end.counted) return;
  const uint32_t now_part = part_at(worker, now);
  if (now_part != begun_part) counters = enter(worker, generation, now_part, fresh);
  if (counters == nullptr) return;
  bump(counters->ended);
  if (end.failed) bump(counters->failed);
  if (end.slow) bump(counters->slow);
}

CallRates CallWindow::rates(uint32_t generation, Instant now) const noexcept {
  const auto current = static_cast<uint32_t>(nanos(now) / part_ns_);
  CallRates rates;
  int64_t overdue = 0;
  for (size_t i = 0; i < size_t{worker_count_} * ring_size_; ++i) {
    const Part& part = parts_[i];
    const uint64_t tag = part.tag.load(std::memory_order_acquire);
    if (tag >> 32 != tag_of(generation, 0) >> 32) continue;
    // Another thread's clock may be a little ahead of `now`: that is still the current part.
    const auto signed_age = static_cast<int32_t>(current - static_cast<uint32_t>(tag));
    const uint32_t age = signed_age < 0 ? 0 : static_cast<uint32_t>(signed_age);
    if (age < kPartsPerWindow) {
      rates.ended += part.ended.load(std::memory_order_relaxed);
      rates.failed += part.failed.load(std::memory_order_relaxed);
      rates.slow += part.slow.load(std::memory_order_relaxed);
    }
    if (age >= overdue_parts_ && age < overdue_parts_ + kPartsPerWindow)
      overdue += int64_t{part.begun.load(std::memory_order_relaxed)} -
                 int64_t{part.finished.load(std::memory_order_relaxed)};
  }
  rates.overdue = overdue > 0 ? static_cast<uint64_t>(overdue) : 0;
  return rates;
}

}  // namespace weir
