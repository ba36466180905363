#include "weir/policy/policy_stack.h"

#include "weir/base/assert.h"

namespace weir {

PolicyStack::PolicyStack(std::vector<std::shared_ptr<Policy>> policies)
    : policies_(std::move(policies)), policy_count_(static_cast<int>(policies_.size())) {
  WEIR_ASSERT(policy_count_ >= 1 && policy_count_ <= kPolicyMax);
}

PolicyStack::~PolicyStack() {
  WEIR_ASSERT(outstanding() == 0);
}

Expected<Permit, Rejection> PolicyStack::admit(const RequestContext& context,
                                               Instant now) noexcept {
  WEIR_ASSERT(context.worker < kWorkerMax && context.cost >= 1);
  Expected<Permit, Rejection> result;  // filled in place: a permit is 100 bytes to move
  Permit& permit = *result;
  for (int i = 0; i < policy_count_; ++i) {
    auto ticket = policies_[static_cast<size_t>(i)]->admit(context, now);
    if (ticket) {
      permit.tickets_[static_cast<size_t>(i)] = *ticket;
      continue;
    }
    const Completion undo{Outcome::kIgnored, context.worker, now, now};
    for (int j = i - 1; j >= 0; --j)
      policies_[static_cast<size_t>(j)]->complete(permit.tickets_[static_cast<size_t>(j)], undo);
    Rejection rejection = ticket.error();
    rejection.policy_index = static_cast<uint8_t>(i);
    result = Unexpected<Rejection>(rejection);
    return result;
  }
  slots_[context.worker].outstanding.fetch_add(1, std::memory_order_relaxed);
  permit.stack_ = this;
  permit.admitted_at_ = now;
  permit.worker_ = context.worker;
  return result;
}

void PolicyStack::complete(std::array<Ticket, kPolicyMax>& tickets,
                           const Completion& completion) noexcept {
  for (int i = policy_count_ - 1; i >= 0; --i)
    policies_[static_cast<size_t>(i)]->complete(tickets[static_cast<size_t>(i)], completion);
  slots_[completion.worker].outstanding.fetch_sub(1, std::memory_order_release);
}

int64_t PolicyStack::outstanding() const noexcept {
  int64_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.outstanding.load(std::memory_order_acquire);
  return sum;
}

void Permit::complete(Outcome outcome, Instant now) && noexcept {
  std::move(*this).complete(outcome, now, worker_);
}

void Permit::complete(Outcome outcome, Instant now, uint16_t worker) && noexcept {
  WEIR_ASSERT(stack_ != nullptr && now >= admitted_at_ && worker < kWorkerMax);
  PolicyStack* stack = std::exchange(stack_, nullptr);
  stack->complete(tickets_, Completion{outcome, worker, admitted_at_, now});
}

}  // namespace weir
