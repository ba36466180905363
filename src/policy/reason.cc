#include "weir/policy/reason.h"

namespace weir {

const char* to_string(Reason reason) noexcept {
  switch (reason) {
    case Reason::kConcurrencyLimit: return "concurrency_limit";
    case Reason::kQueueFull: return "queue_full";
    case Reason::kQueueTimeout: return "queue_timeout";
    case Reason::kShed: return "shed";
    case Reason::kPriority: return "priority";
    case Reason::kBulkheadFull: return "bulkhead_full";
    case Reason::kPoolFull: return "pool_full";
    case Reason::kBreakerOpen: return "breaker_open";
    case Reason::kDeadlinePassed: return "deadline_passed";
    case Reason::kDeadlineInfeasible: return "deadline_infeasible";
    case Reason::kRetryBudget: return "retry_budget";
    case Reason::kQuota: return "quota";
    case Reason::kNoCredit: return "no_credit";
    case Reason::kDraining: return "draining";
  }
  return "?";
}

bool worth_waiting(Reason reason) noexcept {
  switch (reason) {
    case Reason::kConcurrencyLimit:
    case Reason::kBulkheadFull:
    case Reason::kPoolFull:
    case Reason::kNoCredit: return true;
    case Reason::kQueueFull:
    case Reason::kQueueTimeout:
    case Reason::kShed:
    case Reason::kPriority:
    case Reason::kBreakerOpen:
    case Reason::kDeadlinePassed:
    case Reason::kDeadlineInfeasible:
    case Reason::kRetryBudget:
    case Reason::kQuota:
    case Reason::kDraining: return false;
  }
  return false;
}

}  // namespace weir
