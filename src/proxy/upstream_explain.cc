// What an upstream's policies stood at, for the worker's explanations.
#include "proxy/upstream_service.h"
#include "proxy/worker.h"

namespace weir::proxy {

ExplainSite UpstreamService::site_of(size_t compartment) const noexcept {
  const Compartment& part = cluster_.compartments()[compartment];
  const AdmissionQueue& queue = gates_[compartment]->queue();
  ExplainSite site;
  site.upstream = cluster_.name();
  site.bulkhead = part.name;
  site.numbers.inflight = cluster_.limiter().inflight();
  site.numbers.limit = cluster_.limiter().limit();
  site.numbers.waiting = queue.size();
  site.numbers.queue_limit = queue.depth();
  if (part.bulkhead != nullptr) {
    site.numbers.bulkhead_inflight = part.bulkhead->inflight();
    site.numbers.bulkhead_max = part.bulkhead->max();
  }
  site.move = cluster_.limit_note().read();
  return site;
}

void UpstreamService::explain_refusal(const ExplainFacts& facts, const Rejection& rejection,
                                      const Answer& answer, Instant now) noexcept {
  worker_.explain_log().refused(facts, site_of(facts.compartment), rejection, answer, now);
}

void UpstreamService::explain_shadow(const ExplainFacts& facts, const Rejection& rejection,
                                     Instant now) noexcept {
  worker_.explain_log().would_refuse(facts, site_of(facts.compartment), rejection, now);
}

void UpstreamService::explain_ending(const ExplainFacts& facts, Outcome outcome, Duration upstream,
                                     Instant now) noexcept {
  ExplainLog& log = worker_.explain_log();
  if (log.wants(outcome)) log.ended(facts, site_of(facts.compartment), outcome, upstream, now);
}

}  // namespace weir::proxy
