// Cluster: one upstream as all workers share it: its endpoints, and the policies that guard it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "observe/registry.h"
#include "proxy/options.h"
#include "proxy/telemetry.h"
#include "proxy/upstream_pool.h"
#include "weir/policy/gate.h"
#include "weir/policy/limiter.h"
#include "weir/policy/policy_stack.h"
#include "weir/policy/retry_budget.h"

namespace weir::proxy {

/// Constant after construction; what it points to is safe from any thread as the engine says.
class Cluster {
 public:
  /// Errors: kUsage for a target or a law that does not exist, kUnavailable for an unknown name.
  static Expected<std::unique_ptr<Cluster>> make(const Options& options, uint16_t workers,
                                                 observe::Registry& registry, Instant now);

  /// The gate of one worker.
  std::unique_ptr<Gate> make_gate(uint16_t worker) const;

  const std::string& name() const noexcept { return telemetry_.upstream(); }
  const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }
  const Telemetry& telemetry() const noexcept { return telemetry_; }
  Limiter& limiter() const noexcept { return *limiter_; }
  PolicyStack& stack() const noexcept { return *stack_; }
  GateGroup& group() const noexcept { return *group_; }
  RetryBudget& retry_budget() const noexcept { return *retry_budget_; }
  /// Places in the queues of all workers.
  uint32_t queue_limit() const noexcept;

 private:
  Cluster(const Options& options, uint16_t workers, std::vector<Endpoint> endpoints,
          std::unique_ptr<Limit> law, observe::Registry& registry, std::string name, Instant now);

  Options options_;
  uint16_t workers_;
  std::vector<Endpoint> endpoints_;
  std::shared_ptr<Limiter> limiter_;
  std::shared_ptr<PolicyStack> stack_;
  std::shared_ptr<GateGroup> group_;
  std::unique_ptr<RetryBudget> retry_budget_;
  Telemetry telemetry_;
};

}  // namespace weir::proxy
