// UpstreamService: one worker's side of one upstream: the gates before it, the connections to it.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "net/timer.h"
#include "proxy/cluster.h"
#include "proxy/explain_log.h"
#include "proxy/refusal_log.h"
#include "proxy/upstream_pool.h"
#include "weir/policy/gate.h"

namespace weir::proxy {

class Worker;
class Exchange;

/// Belongs to one worker's loop.
class UpstreamService final : private GateSink {
 public:
  /// `log` may be null.
  UpstreamService(Worker& worker, const Cluster& cluster, observe::Log* log);

  const Cluster& cluster() const noexcept { return cluster_; }
  const std::string& name() const noexcept { return cluster_.name(); }
  UpstreamPool& pool() noexcept { return pool_; }
  const UpstreamPool& pool() const noexcept { return pool_; }
  RefusalLog& refusal_log() noexcept { return refusal_log_; }
  Gate& gate(size_t compartment) noexcept { return *gates_[compartment]; }

  /// Asks the gate; kWaiting ends in Exchange::on_admitted or on_refused.
  Arrival arrive(Exchange& exchange, size_t compartment, const RequestContext& context,
                 Instant now) noexcept;
  /// The name of the policy that refused in this compartment.
  std::string_view policy_name(size_t compartment, const Rejection& rejection) const noexcept;

  // For explanations: a refusal, one that --dry-run did not carry out, an end. The worker's log.
  void explain_refusal(const ExplainFacts& facts, const Rejection& rejection, const Answer& answer,
                       Instant now) noexcept;
  void explain_shadow(const ExplainFacts& facts, const Rejection& rejection, Instant now) noexcept;
  void explain_ending(const ExplainFacts& facts, Outcome outcome, Duration upstream,
                      Instant now) noexcept;

  /// Work that was admitted in this compartment has ended.
  void on_completed(size_t compartment, Outcome outcome, Duration latency) noexcept;
  /// What an answer of this attempt says of the upstream's load.
  void hear_load(const Attempt& attempt, Outcome outcome) noexcept;
  /// Whether the budget pays for one more attempt.
  bool may_retry() noexcept;

  /// Pumps the gates at the end of this turn.
  void want_pump() noexcept { pump_wanted_ = true; }
  void pump_if_wanted();
  void pump();

 private:
  void admitted(QueueEntry& entry, Permit permit) noexcept override;
  void refused(QueueEntry& entry, const Rejection& rejection) noexcept override;
  ExplainSite site_of(size_t compartment) const noexcept;
  size_t first_to_pump() noexcept;

  Worker& worker_;
  const Cluster& cluster_;
  std::vector<std::unique_ptr<Gate>> gates_;  // one a compartment
  UpstreamPool pool_;
  RefusalLog refusal_log_;
  observe::Log* access_log_;  // null: no line a request
  net::Timer pump_timer_;
  size_t turn_ = 0;  // whose turn it is among gates of equal rank
  bool pump_wanted_ = false;
};

}  // namespace weir::proxy
