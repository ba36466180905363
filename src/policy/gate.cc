#include "weir/policy/gate.h"

#include <bit>

namespace weir {
namespace {

// The rank of a head is its criticality in the top two bits, then when it was queued in units of 4
// ns, so that comparing two ranks compares criticality first and age second.
constexpr int kTimeBits = 62;
constexpr uint64_t kTimeMask = (uint64_t{1} << kTimeBits) - 1;
constexpr uint64_t kSign = uint64_t{1} << 63;

uint64_t time_rank(Instant at) noexcept {
  return (static_cast<uint64_t>(at.time_since_epoch().count()) ^ kSign) >> 2;
}

uint64_t rank_of(Criticality criticality, Instant at) noexcept {
  return static_cast<uint64_t>(criticality) << kTimeBits | time_rank(at);
}

}  // namespace

uint32_t GateGroup::waiting() const noexcept {
  uint32_t sum = 0;
  for (uint64_t mask = waiting_mask(); mask != 0; mask &= mask - 1)
    sum +=
        benches_[static_cast<size_t>(std::countr_zero(mask))].size.load(std::memory_order_relaxed);
  return sum;
}

Gate::Gate(std::shared_ptr<PolicyStack> stack, std::shared_ptr<GateGroup> group,
           std::shared_ptr<const Limiter> limiter, Options options)
    : stack_(std::move(stack)),
      group_(std::move(group)),
      limiter_(std::move(limiter)),
      options_(options),
      queue_(options.queue) {
  WEIR_ASSERT(options.slot < kGateMax && options.loop_count >= 1 && options.depth_min >= 1);
}

Gate::~Gate() {
  WEIR_ASSERT(queue_.empty());
}

Arrival Gate::arrive(QueueEntry& entry, const RequestContext& context, Instant now) noexcept {
  if (group_->draining()) {
    Rejection rejection;
    rejection.reason = Reason::kDraining;
    return refused(rejection);
  }
  if (options_.queue.depth_max == 0) return admit_or_refuse(context, now);
  const uint64_t others = group_->waiting_mask() & ~(uint64_t{1} << options_.slot);
  const int turn = others == 0 ? kNobody : whose_turn(rank_of(context.criticality, now), now);
  if (turn == kNobody && !queue_.must_wait(context.criticality)) {
    Arrival arrival = admit_or_refuse(context, now);
    if (arrival.verdict == Verdict::kAdmitted || !worth_waiting(arrival.rejection.reason))
      return arrival;
  }
  return wait(entry, context, now, turn);
}

Arrival Gate::admit_or_refuse(const RequestContext& context, Instant now) noexcept {
  Arrival arrival;
  auto permit = stack_->admit(context, now);
  if (permit) {
    arrival.verdict = Verdict::kAdmitted;
    arrival.permit = std::move(*permit);
  } else {
    arrival.rejection = permit.error();
  }
  return arrival;
}

Arrival Gate::refused(Rejection rejection) const noexcept {
  Arrival arrival;
  arrival.rejection = rejection;
  arrival.rejection.policy_index = static_cast<uint8_t>(stack_->policy_count());
  return arrival;
}

// The stack is asked again after the entry is registered: a completion before that saw nobody
// waiting and woke nobody, so the place it left must be found here.
Arrival Gate::wait(QueueEntry& entry, const RequestContext& context, Instant now,
                   int turn) noexcept {
  follow_limit();
  if (const auto rejection = queue_.offer(entry, context, now)) return refused(*rejection);
  publish();
  if (turn == kNobody && queue_.front(now) == &entry) {
    Arrival arrival = admit_or_refuse(entry.context(), now);
    if (arrival.verdict == Verdict::kAdmitted) {
      queue_.take(entry, now);
      publish();
      return arrival;
    }
    if (!worth_waiting(arrival.rejection.reason)) {
      cancel(entry, now);
      return arrival;
    }
  }
  Arrival arrival;
  arrival.verdict = Verdict::kWaiting;
  arrival.wake = turn;
  return arrival;
}

bool Gate::cancel(QueueEntry& entry, Instant now) noexcept {
  if (!queue_.holds(entry)) return false;
  queue_.remove(entry, now);
  publish();
  return true;
}

void Gate::follow_limit() noexcept {
  if (limiter_ == nullptr) return;
  const double depth = options_.depth_ratio * limiter_->limit() / options_.loop_count;
  const uint32_t depth_max = options_.queue.depth_max;
  queue_.set_depth(depth >= depth_max ? depth_max
                                      : std::max(options_.depth_min, static_cast<uint32_t>(depth)));
}

// Sequentially consistent, as Limiter's counting is: either the completion that makes room sees our
// bit, or our last question to the stack sees the room.
void Gate::publish() noexcept {
  GateGroup::Bench& bench = group_->benches_[options_.slot];
  const uint64_t bit = uint64_t{1} << options_.slot;
  bench.size.store(queue_.size(), std::memory_order_relaxed);
  const QueueEntry* head = queue_.oldest();
  if (head != nullptr) {
    bench.rank.store(rank_of(head->context().criticality, head->enqueued_at()),
                     std::memory_order_relaxed);
    if (!published_) group_->mask_.fetch_or(bit, std::memory_order_seq_cst);
  } else if (published_) {
    group_->mask_.fetch_and(~bit, std::memory_order_seq_cst);
  }
  published_ = head != nullptr;
}

// The other gate whose head ranks first. Heads past any wait that queues allow are passed over:
// their loop should have timed them out, so it is stuck, and waiting for it would stop everybody.
int Gate::best_other(Instant now) const noexcept {
  const uint64_t stale = time_rank(now - options_.queue.wait_max - options_.handover_lag);
  uint64_t mask = group_->waiting_mask() & ~(uint64_t{1} << options_.slot);
  uint64_t best_rank = UINT64_MAX;
  int best = kNobody;
  for (; mask != 0; mask &= mask - 1) {
    const int slot = std::countr_zero(mask);
    const uint64_t rank =
        group_->benches_[static_cast<size_t>(slot)].rank.load(std::memory_order_relaxed);
    if ((rank & kTimeMask) < stale || rank >= best_rank) continue;
    best_rank = rank;
    best = slot;
  }
  return best;
}

// The gate whose head should go before `rank`: more critical, or as critical and longer waiting by
// more than the lag. kNobody: it is our turn.
int Gate::whose_turn(uint64_t rank, Instant now) const noexcept {
  const int other = best_other(now);
  if (other == kNobody) return kNobody;
  const uint64_t theirs =
      group_->benches_[static_cast<size_t>(other)].rank.load(std::memory_order_relaxed);
  const auto lag = static_cast<uint64_t>(options_.handover_lag.count()) >> 2;
  if (theirs >> kTimeBits != rank >> kTimeBits) return theirs < rank ? other : kNobody;
  return theirs + lag < rank ? other : kNobody;
}

int Gate::pump_waiting(Instant now, GateSink& sink) noexcept {
  if (pumping_) {
    pump_again_ = true;
    return kNobody;
  }
  pumping_ = true;
  int wake = kNobody;
  do {
    pump_again_ = false;
    deliver_refused(now, sink);
    wake = admit_waiting(now, sink);
    deliver_refused(now, sink);
  } while (pump_again_);
  pumping_ = false;
  return wake;
}

int Gate::admit_waiting(Instant now, GateSink& sink) noexcept {
  while (QueueEntry* entry = queue_.front(now)) {
    const QueueEntry* oldest = queue_.oldest();
    const int turn = whose_turn(rank_of(oldest->context().criticality, oldest->enqueued_at()), now);
    if (turn != kNobody) return turn;
    auto permit = stack_->admit(entry->context(), now);
    if (permit) {
      queue_.take(*entry, now);
      publish();
      sink.admitted(*entry, std::move(*permit));
    } else if (worth_waiting(permit.error().reason)) {
      return kNobody;
    } else {
      queue_.refuse(*entry, permit.error(), now);
    }
  }
  return best_other(now);  // nobody waits here: what room is left is theirs
}

void Gate::deliver_refused(Instant now, GateSink& sink) noexcept {
  while (QueueEntry* entry = queue_.poll(now)) {
    publish();
    const Rejection rejection = entry->rejection();
    sink.refused(*entry, rejection);
  }
}

}  // namespace weir
