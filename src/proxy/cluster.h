// Cluster: one upstream as all workers share it: its endpoints, and the policies that guard it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "proxy/health_state.h"
#include "proxy/limit_bounds.h"
#include "proxy/limit_note.h"
#include "proxy/options.h"
#include "weir/policy/breaker.h"
#include "weir/policy/bulkhead.h"
#include "weir/policy/credit_window.h"
#include "weir/policy/gate.h"
#include "weir/policy/limiter.h"
#include "weir/policy/policy_stack.h"
#include "weir/policy/priority_gate.h"
#include "weir/policy/retry_budget.h"

namespace weir::proxy {

/// Where an upstream can be reached; shared by all workers, constant.
struct Endpoint {
  net::Address address;
  std::string authority;  ///< Host for callers of HTTP/1.0 that sent none
  bool h2 = false;
  std::shared_ptr<const net::TlsContext> tls = nullptr;  ///< null: clear text
  std::string tls_host = {};                             ///< whom its certificate must name
};

/// The part of an upstream that one bulkhead's work may fill: a stack and a queue of its own, so
/// that who fills its share also waits by itself. All compartments of a cluster share the other
/// policies:
///
///   priority gate → breaker → bulkhead → credits → limiter
///
/// where breaker, bulkhead and credits are there only if configured.
struct Compartment {
  std::string name;                    ///< of the bulkhead; empty: what the others leave
  std::shared_ptr<Bulkhead> bulkhead;  ///< null where the upstream has none at all
  std::shared_ptr<PolicyStack> stack;
  std::shared_ptr<GateGroup> group;
  double share = 1;  ///< of the limit, at most
};

/// Constant after construction; what it points to is safe from any thread as the engine says.
class Cluster {
 public:
  /// `bulkheads` of other upstreams are passed over. Errors: kUsage for a target or a law that does
  /// not exist, kUnavailable for an unknown name, kConfig for reserves over 100 %.
  static Expected<std::unique_ptr<Cluster>> make(const UpstreamOptions& options,
                                                 const std::vector<BulkheadOptions>& bulkheads,
                                                 uint16_t workers, Instant now);

  /// The gate of one worker to one compartment.
  std::unique_ptr<Gate> make_gate(size_t compartment, uint16_t worker) const;

  const std::string& name() const noexcept { return options_.name; }
  const UpstreamOptions& options() const noexcept { return options_; }
  const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }
  const std::vector<Compartment>& compartments() const noexcept { return compartments_; }
  /// By the bulkhead's name; "" is the first compartment.
  std::optional<uint16_t> find_compartment(std::string_view bulkhead) const noexcept;

  /// What active checks found; all are well where there are none.
  HealthBoard& health() const noexcept { return *health_; }
  Limiter& limiter() const noexcept { return *limiter_; }
  PriorityGate& priority_gate() const noexcept { return *priority_gate_; }
  /// Null unless UpstreamOptions::credits.
  CreditWindow* credit_window() const noexcept { return credit_window_.get(); }
  /// Null where none is configured.
  Breaker* breaker() const noexcept { return breaker_.get(); }
  RetryBudget& retry_budget() const noexcept { return *retry_budget_; }
  /// Between what the law moves the limit; an operator may change it.
  LimitBounds& limit_bounds() const noexcept { return *limit_bounds_; }
  /// The law's last move, for explanations.
  LimitNote& limit_note() const noexcept { return *limit_note_; }

  /// Waiting in all queues, a moment ago; and the places in them.
  uint32_t waiting() const noexcept;
  uint32_t queue_limit() const noexcept;
  /// Workers with somebody waiting: a bit each.
  uint64_t waiting_mask() const noexcept;
  /// Places of the limit that idle reserves keep from work that waits.
  uint32_t withheld() const noexcept;
  /// Of the limit, what is in flight and waits; 1 is full.
  double utilization() const noexcept;
  /// How many more requests it takes just now: free places of the limit, and an eighth of it that
  /// may wait, so that it never runs dry for want of callers who have heard of a free place.
  uint32_t credits(Instant now) const noexcept;
  /// The limit moved: the bulkheads' shares follow.
  void follow_limit() const noexcept;
  /// From now on arrivals are refused as kDraining.
  void drain() const noexcept;

 private:
  Cluster(const UpstreamOptions& options, const std::vector<BulkheadOptions>& bulkheads,
          uint16_t workers, std::vector<Endpoint> endpoints, std::unique_ptr<Limit> law,
          Instant now);
  void add_compartment(const BulkheadOptions& options);

  UpstreamOptions options_;
  uint16_t workers_;
  std::vector<Endpoint> endpoints_;
  std::unique_ptr<HealthBoard> health_;
  std::shared_ptr<Limiter> limiter_;
  std::shared_ptr<PriorityGate> priority_gate_;
  std::shared_ptr<CreditWindow> credit_window_;
  std::shared_ptr<Breaker> breaker_;
  std::shared_ptr<BulkheadPool> pool_;  // null without bulkheads
  std::vector<Compartment> compartments_;
  std::unique_ptr<RetryBudget> retry_budget_;
  std::shared_ptr<LimitBounds> limit_bounds_;
  std::unique_ptr<LimitNote> limit_note_ = std::make_unique<LimitNote>();
};

}  // namespace weir::proxy
