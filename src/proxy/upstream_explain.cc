// What an upstream's policies stood at, for the worker's explanations.
#include "proxy/upstream_service.h"
#include "proxy/worker.h"

namespace weir::proxy {
namespace {

double millis(Duration duration) noexcept {
  return to_seconds(duration) * 1e3;
}

}  // namespace

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
  if (const Breaker* breaker = cluster_.breaker())
    site.numbers.breaker = static_cast<uint8_t>(breaker->state());
  site.move = cluster_.limit_note().read();
  return site;
}

void UpstreamService::explain_refusal(const ExplainFacts& facts, const Rejection& rejection,
                                      const Answer& answer, Instant now) noexcept {
  worker_.explain_log().refused(facts, site_of(facts.compartment), rejection, answer, now);
  if (access_log_ != nullptr)
    access_log_->write(observe::LogLevel::kInfo, "request", "refused",
                       {{"request_id", facts.request_id},
                        {"method", facts.method},
                        {"path", facts.path},
                        {"route", facts.route},
                        {"upstream", std::string_view(cluster_.name())},
                        {"priority", std::string_view(to_string(facts.context.criticality))},
                        {"reason", answer.reason},
                        {"status", int64_t{answer.status}},
                        {"total_ms", millis(now - facts.started_at)}});
}

void UpstreamService::explain_shadow(const ExplainFacts& facts, const Rejection& rejection,
                                     Instant now) noexcept {
  worker_.explain_log().would_refuse(facts, site_of(facts.compartment), rejection, now);
}

void UpstreamService::explain_ending(const ExplainFacts& facts, Outcome outcome, Duration upstream,
                                     Instant now) noexcept {
  ExplainLog& log = worker_.explain_log();
  const bool keep = log.wants(outcome);
  if (keep || log.wants_span(facts))
    log.ended(facts, site_of(facts.compartment), outcome, upstream, keep, now);
  if (access_log_ != nullptr)
    access_log_->write(observe::LogLevel::kInfo, "request", "served",
                       {{"request_id", facts.request_id},
                        {"method", facts.method},
                        {"path", facts.path},
                        {"route", facts.route},
                        {"upstream", std::string_view(cluster_.name())},
                        {"priority", std::string_view(to_string(facts.context.criticality))},
                        {"outcome", std::string_view(to_string(outcome))},
                        {"status", int64_t{facts.status}},
                        {"total_ms", millis(now - facts.started_at)},
                        {"upstream_ms", millis(upstream)}});
}

}  // namespace weir::proxy
