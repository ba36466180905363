#include "proxy/upstream_service.h"

#include <algorithm>
#include <utility>

#include "proxy/load_report.h"
#include "proxy/worker.h"

namespace weir::proxy {

UpstreamService::UpstreamService(Worker& worker, const Cluster& cluster, observe::Log* log)
    : worker_(worker),
      cluster_(cluster),
      pool_(worker, cluster),
      refusal_log_(log, cluster.name()),
      access_log_(worker.options().access_log ? log : nullptr),
      pump_timer_(worker.loop().timers(), net::Callback::to<&UpstreamService::pump>(this)) {
  for (size_t i = 0; i < cluster.compartments().size(); ++i)
    gates_.push_back(cluster.make_gate(i, worker.index()));
}

Arrival UpstreamService::arrive(Exchange& exchange, size_t compartment,
                                const RequestContext& context, Instant now) noexcept {
  Arrival arrival = gates_[compartment]->arrive(exchange, context, now);
  worker_.wake(arrival.wake);
  if (arrival.verdict == Verdict::kWaiting) pump_wanted_ = true;
  return arrival;
}

std::string_view UpstreamService::policy_name(size_t compartment,
                                              const Rejection& rejection) const noexcept {
  switch (rejection.reason) {
    case Reason::kQueueFull:
    case Reason::kQueueTimeout:
    case Reason::kShed: return "queue";
    case Reason::kDeadlinePassed:
    case Reason::kDeadlineInfeasible: return "deadline";
    case Reason::kPoolFull: return "pool";
    case Reason::kDraining: return "drain";
    case Reason::kConcurrencyLimit:
    case Reason::kPriority:
    case Reason::kBulkheadFull:
    case Reason::kBreakerOpen:
    case Reason::kRetryBudget:
    case Reason::kQuota:
    case Reason::kNoCredit: break;
  }
  const PolicyStack& stack = gates_[compartment]->stack();
  const bool known = rejection.policy_index < stack.policy_count();
  return known ? stack.policy(rejection.policy_index).name() : "gate";
}

void UpstreamService::on_completed(size_t compartment, Outcome outcome, Duration latency) noexcept {
  pump_wanted_ = true;
  if (outcome != Outcome::kSuccess) return;
  gates_[compartment]->observe_service(latency);
  cluster_.retry_budget().deposit(worker_.loop().now());
}

void UpstreamService::hear_load(const Attempt& attempt, Outcome outcome) noexcept {
  const http::HeaderBlock& headers = attempt.response.headers;
  const Instant now = worker_.loop().now();
  LoadReport report;
  if (headers.contains(http::HeaderName::kEndpointLoadMetrics)) {
    report = parse_load_report(headers.value(http::HeaderName::kEndpointLoadMetrics));
    pool_.hear_load(attempt, report);
  }
  CreditWindow* window = cluster_.credit_window();
  if (window == nullptr) return;
  if (report.credits >= 0) {
    window->report(static_cast<uint32_t>(std::min<int64_t>(report.credits, UINT32_MAX)), now);
  } else if (outcome == Outcome::kDropped && window->active(now)) {
    window->report(0, now);
  }
}

bool UpstreamService::may_retry() noexcept {
  return cluster_.retry_budget().try_withdraw(worker_.loop().now());
}

void UpstreamService::admitted(QueueEntry& entry, Permit permit) noexcept {
  static_cast<Exchange&>(entry).on_admitted(std::move(permit));
}

void UpstreamService::refused(QueueEntry& entry, const Rejection& rejection) noexcept {
  static_cast<Exchange&>(entry).on_refused(rejection);
}

// The gate whose head matters most; among equals they take turns.
size_t UpstreamService::first_to_pump() noexcept {
  const size_t count = gates_.size();
  if (count == 1) return 0;
  turn_ = (turn_ + 1) % count;
  size_t first = turn_;
  const QueueEntry* best = nullptr;
  for (size_t i = 0; i < count; ++i) {
    const size_t candidate = (turn_ + i) % count;
    const QueueEntry* head = gates_[candidate]->queue().oldest();
    if (head == nullptr) continue;
    if (best != nullptr && head->context().criticality >= best->context().criticality) continue;
    best = head;
    first = candidate;
  }
  return first;
}

void UpstreamService::pump() {
  const Instant now = worker_.loop().update_now();
  const size_t first = first_to_pump();
  Instant next = kInstantMax;
  for (size_t i = 0; i < gates_.size(); ++i)
    worker_.wake(gates_[(first + i) % gates_.size()]->pump(now, *this));
  for (const auto& gate : gates_) next = std::min(next, gate->next_wakeup());
  pump_timer_.arm(std::max(next, now));
}

void UpstreamService::pump_if_wanted() {
  while (std::exchange(pump_wanted_, false)) pump();
}

}  // namespace weir::proxy
