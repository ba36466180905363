// PolicyStack: admission by several policies, all or nothing.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "weir/policy/permit.h"

namespace weir {

/// Asks its policies in order, outermost first; the first refusal wins, and what was taken before
/// it is given back in reverse order as kIgnored. Composition reads like the call it wraps:
/// PolicyStack{gate, breaker, bulkhead, limiter} is gate(breaker(bulkhead(limiter(work)))).
/// admit and complete are safe from any thread. The set of policies never changes: a reload builds
/// a new stack, and the old one may go once outstanding() is zero.
class PolicyStack {
 public:
  /// 1 to kPolicyMax policies.
  explicit PolicyStack(std::vector<std::shared_ptr<Policy>> policies);
  PolicyStack(const PolicyStack&) = delete;
  PolicyStack& operator=(const PolicyStack&) = delete;
  ~PolicyStack();

  /// With complete about 50 ns for four policies (bench/engine). The permit must not outlive this
  /// stack.
  Expected<Permit, Rejection> admit(const RequestContext& context, Instant now) noexcept;

  /// Permits not yet completed. Exact only while no thread is inside admit or complete.
  int64_t outstanding() const noexcept;

  int policy_count() const noexcept { return policy_count_; }
  Policy& policy(int index) const noexcept { return *policies_[static_cast<size_t>(index)]; }

 private:
  friend class Permit;

  // One cache line a worker, so that counting permits costs no sharing between cores.
  struct alignas(64) Slot {
    std::atomic<int64_t> outstanding{0};
  };

  void complete(std::array<Ticket, kPolicyMax>& tickets, const Completion& completion) noexcept;

  std::vector<std::shared_ptr<Policy>> policies_;
  int policy_count_;
  std::array<Slot, kWorkerMax> slots_;
};

}  // namespace weir
