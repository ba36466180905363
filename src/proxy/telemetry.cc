#include "proxy/telemetry.h"

#include <utility>

namespace weir::proxy {
namespace {

size_t row(Criticality criticality) noexcept {
  return static_cast<size_t>(criticality);
}

}  // namespace

Telemetry::Telemetry(observe::Registry& registry, std::string route, std::string upstream)
    : route_(std::move(route)), upstream_(std::move(upstream)) {
  using observe::Metric;
  for (int i = 0; i < kCriticalityCount; ++i) {
    const char* priority = to_string(static_cast<Criticality>(i));
    auto& requests = requests_[static_cast<size_t>(i)];
    for (int k = 0; k < kOutcomeCount; ++k) {
      requests[static_cast<size_t>(k)] = registry.counter(
          Metric::kRequests, {route_, priority, to_string(static_cast<Outcome>(k))});
    }
    requests[kOutcomeCount] = registry.counter(Metric::kRequests, {route_, priority, "rejected"});
    for (int k = 0; k < kReasonCount; ++k) {
      const char* reason = to_string(static_cast<Reason>(k));
      rejections_[static_cast<size_t>(i)][static_cast<size_t>(k)] =
          registry.counter(Metric::kRejections, {upstream_, priority, reason});
      shadow_rejections_[static_cast<size_t>(i)][static_cast<size_t>(k)] =
          registry.counter(Metric::kShadowRejections, {upstream_, priority, reason});
    }
  }
  retries_sent_ = registry.counter(Metric::kRetries, {upstream_, "sent"});
  retries_denied_ = registry.counter(Metric::kRetries, {upstream_, "budget_denied"});
  request_duration_ = registry.duration(Metric::kRequestDuration, {route_});
  upstream_duration_ = registry.duration(Metric::kUpstreamDuration, {upstream_});
  queue_wait_ = registry.duration(Metric::kQueueWait, {upstream_});
}

void Telemetry::finished(uint16_t worker, Criticality criticality, Outcome outcome, Duration total,
                         Duration upstream) const noexcept {
  requests_[row(criticality)][static_cast<size_t>(outcome)].add(worker);
  request_duration_.record(worker, total);
  upstream_duration_.record(worker, upstream);
}

void Telemetry::answered(uint16_t worker, Criticality criticality, Outcome outcome) const noexcept {
  requests_[row(criticality)][static_cast<size_t>(outcome)].add(worker);
}

void Telemetry::refused(uint16_t worker, Criticality criticality, Reason reason) const noexcept {
  requests_[row(criticality)][kOutcomeCount].add(worker);
  rejections_[row(criticality)][static_cast<size_t>(reason)].add(worker);
}

void Telemetry::would_refuse(uint16_t worker, Criticality criticality,
                             Reason reason) const noexcept {
  shadow_rejections_[row(criticality)][static_cast<size_t>(reason)].add(worker);
}

}  // namespace weir::proxy
