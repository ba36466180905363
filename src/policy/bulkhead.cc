#include "weir/policy/bulkhead.h"

#include <algorithm>
#include <cmath>

#include "weir/base/assert.h"

namespace weir {
namespace {

constexpr uint32_t kOwn = 0;
constexpr uint32_t kBorrowed = 1;
constexpr int kBorrowedShift = 32;

uint32_t own_of(uint64_t held) noexcept {
  return static_cast<uint32_t>(held);
}
uint32_t borrowed_of(uint64_t held) noexcept {
  return static_cast<uint32_t>(held >> kBorrowedShift);
}

Unexpected<Rejection> full(uint32_t value, uint32_t bound) noexcept {
  return reject(Reason::kBulkheadFull, value, bound);
}

}  // namespace

void BulkheadPool::join(uint32_t reserve_ratio) noexcept {
  reserved_ratio_ += reserve_ratio;
  WEIR_ASSERT(reserved_ratio_ <= kWhole);
}

// Rounding the reserved part down once takes at least as much as each member's own rounding down
// does.
uint32_t BulkheadPool::shared(uint32_t capacity) const noexcept {
  const uint64_t reserved = uint64_t{capacity} * reserved_ratio_ / kWhole;
  return capacity - static_cast<uint32_t>(reserved);
}

Bulkhead::Bulkhead(Options options, std::shared_ptr<CounterLine> line)
    : max_(options.max), line_(std::move(line)), held_(take_counter(line_)) {}

Bulkhead::Bulkhead(Options options, std::shared_ptr<BulkheadPool> pool)
    : pool_(std::move(pool)), max_(options.max), line_(pool_->line_), held_(take_counter(line_)) {
  WEIR_ASSERT(options.max_ratio >= 0 && options.max_ratio <= 1);
  WEIR_ASSERT(options.reserve_ratio >= 0 && options.reserve_ratio <= options.max_ratio);
  max_ratio_ = static_cast<uint32_t>(std::lround(options.max_ratio * BulkheadPool::kWhole));
  reserve_ratio_ = static_cast<uint32_t>(std::lround(options.reserve_ratio * BulkheadPool::kWhole));
  pool_->join(reserve_ratio_);
}

Bulkhead::Bounds Bulkhead::bounds() const noexcept {
  if (pool_ == nullptr) return Bounds{max_, max_, 0};
  const uint32_t capacity = pool_->capacity();
  const auto part = [capacity](uint32_t ratio) noexcept {
    return static_cast<uint32_t>(uint64_t{capacity} * ratio / BulkheadPool::kWhole);
  };
  const uint32_t share = max_ratio_ == 0 ? 0 : std::max(1U, part(max_ratio_));
  return Bounds{std::min(max_, share), part(reserve_ratio_), pool_->shared(capacity)};
}

Expected<Ticket, Rejection> Bulkhead::admit(const RequestContext& context, Instant) noexcept {
  if (pool_ != nullptr) return admit_pooled(context.cost);
  const uint32_t units = std::min(context.cost, max_);
  const Counted counted = count_in(*held_, units, max_);
  if (units == 0 || !counted.in) return full(own_of(counted.before), max_);
  return Ticket(units, kOwn);
}

Expected<Ticket, Rejection> Bulkhead::admit_pooled(uint32_t cost) noexcept {
  const Bounds bound = bounds();
  const uint32_t units = std::min({cost, bound.max, std::max(bound.reserve, bound.shared)});
  uint64_t held = held_->load(std::memory_order_seq_cst);
  while (true) {
    const uint32_t sum = own_of(held) + borrowed_of(held);
    if (units == 0 || sum > bound.max - units) return full(sum, bound.max);
    if (units > bound.reserve || own_of(held) > bound.reserve - units) return borrow(units, bound);
    if (held_->compare_exchange_weak(held, held + units, std::memory_order_seq_cst))
      return Ticket(units, kOwn);
  }
}

// The pool first: so the bulkhead's own word never holds units that are about to be given back,
// which could make the owner miss its reserve.
Expected<Ticket, Rejection> Bulkhead::borrow(uint32_t units, const Bounds& bound) noexcept {
  if (!count_in(*pool_->borrowed_, units, bound.shared).in)
    return full(inflight(), std::min(bound.max, bound.reserve + bound.shared));
  const uint64_t borrowed = uint64_t{units} << kBorrowedShift;
  uint64_t held = held_->load(std::memory_order_seq_cst);
  do {
    const uint32_t sum = own_of(held) + borrowed_of(held);
    if (sum > bound.max - units) {
      pool_->give_back(units);
      return full(sum, bound.max);
    }
  } while (!held_->compare_exchange_weak(held, held + borrowed, std::memory_order_seq_cst));
  return Ticket(units, kBorrowed);
}

void Bulkhead::complete(Ticket ticket, const Completion&) noexcept {
  if (ticket.tag() == kOwn) {
    held_->fetch_sub(ticket.units(), std::memory_order_seq_cst);
    return;
  }
  held_->fetch_sub(uint64_t{ticket.units()} << kBorrowedShift, std::memory_order_seq_cst);
  pool_->give_back(ticket.units());
}

uint32_t Bulkhead::inflight() const noexcept {
  const uint64_t held = held_->load(std::memory_order_relaxed);
  return own_of(held) + borrowed_of(held);
}

uint32_t Bulkhead::borrowed() const noexcept {
  return borrowed_of(held_->load(std::memory_order_relaxed));
}

}  // namespace weir
