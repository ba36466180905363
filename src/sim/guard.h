// Guards: from what a scenario says to the production policies.
#pragma once

#include <memory>
#include <vector>

#include "sim/spec.h"
#include "weir/policy/bulkhead.h"
#include "weir/policy/policy.h"

namespace weir::sim {

/// A bulkhead for each route that has one, told apart by RequestContext::route. Any thread, as
/// Bulkhead.
class RouteBulkheads final : public Policy {
 public:
  /// `bounds` by number of the route; 0: no bound.
  explicit RouteBulkheads(const std::vector<uint32_t>& bounds);

  std::string_view name() const noexcept override { return "bulkhead"; }
  Expected<Ticket, Rejection> admit(const RequestContext& context, Instant now) noexcept override;
  void complete(Ticket ticket, const Completion& completion) noexcept override;

 private:
  std::vector<std::unique_ptr<Bulkhead>> by_route_;  // null: no bound
};

/// What stands before the limiter, outermost first.
std::vector<std::shared_ptr<Policy>> outer_policies(const GuardSpec& guard, uint64_t seed);

}  // namespace weir::sim
