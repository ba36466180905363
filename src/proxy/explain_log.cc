#include "proxy/explain_log.h"

#include <algorithm>

#include "proxy/classify.h"

namespace weir::proxy {

const char* to_string(ExplainGate gate) noexcept {
  switch (gate) {
    case ExplainGate::kRoute: return "route";
    case ExplainGate::kPriority: return "priority";
    case ExplainGate::kBulkhead: return "bulkhead";
    case ExplainGate::kLimiter: return "limiter";
    case ExplainGate::kQueue: return "queue";
    case ExplainGate::kBreaker: return "breaker";
    case ExplainGate::kUpstream: return "upstream";
    case ExplainGate::kRetry: return "retry";
  }
  return "?";
}

ExplainGate gate_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::kDraining: return ExplainGate::kRoute;
    case Reason::kPriority:
    case Reason::kQuota:
    case Reason::kDeadlinePassed:
    case Reason::kDeadlineInfeasible: return ExplainGate::kPriority;
    case Reason::kBulkheadFull: return ExplainGate::kBulkhead;
    case Reason::kConcurrencyLimit: return ExplainGate::kLimiter;
    case Reason::kQueueFull:
    case Reason::kQueueTimeout:
    case Reason::kShed: return ExplainGate::kQueue;
    case Reason::kBreakerOpen: return ExplainGate::kBreaker;
    case Reason::kPoolFull:
    case Reason::kNoCredit: return ExplainGate::kUpstream;
    case Reason::kRetryBudget: return ExplainGate::kRetry;
  }
  return ExplainGate::kRoute;
}

uint64_t explain_id_hash(std::string_view id) noexcept {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

ExplainRecord ExplainLog::record_of(const ExplainFacts& facts, const ExplainSite& site,
                                    Instant now) const noexcept {
  ExplainRecord record;
  record.wall_ns = now.time_since_epoch().count() + wall_offset_;
  record.id_hash = explain_id_hash(facts.request_id);
  record.request_id = facts.request_id;
  record.path = facts.path;
  record.route = facts.route;
  record.upstream = site.upstream;
  record.bulkhead = site.bulkhead;
  record.method = facts.method.empty() ? "other" : facts.method.data();
  record.move = site.move;
  record.numbers = site.numbers;
  const RequestContext& context = facts.context;
  if (context.deadline.bounded())
    record.deadline_ns = context.deadline.remaining(facts.started_at).count();
  record.criticality = context.criticality;
  record.cohort = context.cohort;
  record.attempts = facts.attempts;
  record.dispatched = facts.dispatched;
  record.total_ns = (now - facts.started_at).count();
  record.queue_ns =
      facts.dispatched ? (facts.admitted_at - facts.started_at).count() : record.total_ns;
  return record;
}

void ExplainLog::refused(const ExplainFacts& facts, const ExplainSite& site,
                         const Rejection& rejection, const Answer& answer, Instant now) noexcept {
  ExplainRecord record = record_of(facts, site, now);
  record.result = ExplainResult::kRefused;
  record.reason = rejection.reason;
  record.value = rejection.value;
  record.bound = rejection.bound;
  record.status = answer.status;
  record.retry_after_ms = answer.retry_after_ms;
  refused_.put(record);
  // A deadline that passed upstream has had its span as an ending.
  if (wants_span(facts) && !facts.dispatched)
    put_span(facts, site, "refused", to_string(rejection.reason), answer.status, now);
}

void ExplainLog::would_refuse(const ExplainFacts& facts, const ExplainSite& site,
                              const Rejection& rejection, Instant now) noexcept {
  ExplainRecord record = record_of(facts, site, now);
  record.result = ExplainResult::kWouldRefuse;
  record.reason = rejection.reason;
  record.value = rejection.value;
  record.bound = rejection.bound;
  refused_.put(record);
}

void ExplainLog::ended(const ExplainFacts& facts, const ExplainSite& site, Outcome outcome,
                       Duration upstream, bool keep, Instant now) noexcept {
  if (wants_span(facts))
    put_span(facts, site, to_string(outcome), "", facts.status, now);
  if (!keep) return;
  ExplainRecord record = record_of(facts, site, now);
  record.result = ExplainResult::kEnded;
  record.outcome = outcome;
  record.upstream_ns = upstream.count();
  ended_.put(record);
}

observe::TraceContext ExplainLog::begin_trace(const http::RequestHead& request, Rng& rng) noexcept {
  if (spans_ == nullptr) return {};  // what came goes on as it came
  return trace_of(request, ++untraced_ % kTracedEvery == 0, rng);
}

void ExplainLog::put_span(const ExplainFacts& facts, const ExplainSite& site, const char* result,
                          const char* reason, uint16_t status, Instant now) noexcept {
  const auto wall = [this](Instant at) { return at.time_since_epoch().count() + wall_offset_; };
  observe::SpanRecord span;
  span.trace = *facts.trace;
  span.begin_ns = wall(facts.started_at);
  span.end_ns = wall(now);
  if (facts.dispatched) span.admitted_ns = wall(facts.admitted_at);
  span.route = facts.route;
  span.upstream = site.upstream;
  span.path = facts.path;
  span.method = facts.method.empty() ? "_OTHER" : facts.method.data();
  span.priority = to_string(facts.context.criticality);
  span.result = result;
  span.reason = reason;
  span.status = status;
  spans_->put(span);
}

}  // namespace weir::proxy
