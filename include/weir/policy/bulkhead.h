// Bulkhead: one kind of work may fill its own compartment, but never sink the ship.
#pragma once

#include <atomic>
#include <memory>

#include "weir/policy/counter_line.h"
#include "weir/policy/policy.h"

namespace weir {

/// The capacity that several bulkheads divide among themselves, usually a limiter's limit.
///
/// The part that no member reserves is shared: any member borrows from it, first come, first
/// served. A reserve is never lent, not even while it is idle: admitted work cannot be called back,
/// so a lent place would be missing at the moment its owner claims it. Hence an owner is always
/// admitted up to its reserve, and all members together never hold more than the capacity in force.
///
/// Members join while they are constructed, before traffic. set_capacity: one control thread. The
/// rest: any thread.
class BulkheadPool {
 public:
  /// `line`: Limiter::line() of the limiter that follows in the stack, if there is one.
  explicit BulkheadPool(uint32_t capacity, std::shared_ptr<CounterLine> line = nullptr)
      : capacity_(capacity), line_(std::move(line)), borrowed_(take_counter(line_)) {}
  BulkheadPool(const BulkheadPool&) = delete;
  BulkheadPool& operator=(const BulkheadPool&) = delete;

  /// Follows a limit. What is held above a smaller capacity ends by itself.
  void set_capacity(uint32_t capacity) noexcept {
    capacity_.store(capacity, std::memory_order_relaxed);
  }
  uint32_t capacity() const noexcept { return capacity_.load(std::memory_order_relaxed); }

  /// The unreserved part of `capacity`, and how much of it is borrowed now.
  uint32_t shared(uint32_t capacity) const noexcept;
  uint32_t borrowed() const noexcept {
    return static_cast<uint32_t>(borrowed_->load(std::memory_order_relaxed));
  }

 private:
  friend class Bulkhead;
  static constexpr uint32_t kWhole = 1'000'000;  // ratios in millionths, so that 0.4 of 100 is 40

  void join(uint32_t reserve_ratio) noexcept;
  void give_back(uint32_t units) noexcept {
    borrowed_->fetch_sub(units, std::memory_order_seq_cst);
  }

  std::atomic<uint32_t> capacity_;
  uint32_t reserved_ratio_ = 0;  // of all members, at most kWhole
  std::shared_ptr<CounterLine> line_;
  CounterLine::Counter* borrowed_;
};

/// Bounds the cost units that one kind of work has in flight: by a fixed number, or by a share of a
/// BulkheadPool, of which a part may be its own reserve.
///
/// Admission is exact, as in Limiter. A request is paid wholly from the reserve or wholly from the
/// shared part; one that costs more than it could ever get is charged the most it can get. The
/// outcome of work means nothing here. Any thread; one compare-and-swap on the bulkhead's own line,
/// one more on the pool's when borrowing.
class Bulkhead final : public Policy {
 public:
  struct Options {
    uint32_t max = UINT32_MAX;  ///< in cost units; 0 blocks
    double max_ratio = 1.0;    ///< of the pool's capacity, at least one unit unless 0, which blocks
    double reserve_ratio = 0;  ///< of the pool's capacity, rounded down; the sum of all is ≤ 1
  };

  /// Standing alone: only Options::max counts. `line` as in BulkheadPool.
  explicit Bulkhead(Options options, std::shared_ptr<CounterLine> line = nullptr);
  /// A member of `pool`, on the pool's line.
  Bulkhead(Options options, std::shared_ptr<BulkheadPool> pool);

  std::string_view name() const noexcept override { return "bulkhead"; }
  Expected<Ticket, Rejection> admit(const RequestContext& context, Instant now) noexcept override;
  void complete(Ticket ticket, const Completion& completion) noexcept override;

  /// In flight, in cost units; how many of them are borrowed; and the bounds in force.
  uint32_t inflight() const noexcept;
  uint32_t borrowed() const noexcept;
  uint32_t max() const noexcept { return bounds().max; }
  uint32_t reserve() const noexcept { return bounds().reserve; }

 private:
  struct Bounds {
    uint32_t max;      // in flight, own and borrowed
    uint32_t reserve;  // own
    uint32_t shared;   // borrowed by all members together
  };
  Bounds bounds() const noexcept;
  Expected<Ticket, Rejection> admit_pooled(uint32_t cost) noexcept;
  Expected<Ticket, Rejection> borrow(uint32_t units, const Bounds& bounds) noexcept;

  std::shared_ptr<BulkheadPool> pool_;
  uint32_t max_;
  uint32_t max_ratio_ = 0;  // the ratios in millionths, 0 without a pool
  uint32_t reserve_ratio_ = 0;
  // Own units in the low half, borrowed units in the high half: one word, so that the bound on
  // their sum is exact.
  std::shared_ptr<CounterLine> line_;
  CounterLine::Counter* held_;
};

}  // namespace weir
