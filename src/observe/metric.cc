#include "observe/metric.h"

#include "weir/base/assert.h"

namespace weir::observe {
namespace {

using enum MetricType;

constexpr MetricInfo kMetrics[] = {
    {Metric::kRequests,
     kCounter,
     "weir_requests_total",
     "Requests that got an answer, by how they ended (success, failure, dropped, ignored, "
     "rejected).",
     {"route", "priority", "outcome"}},
    {Metric::kRejections,
     kCounter,
     "weir_rejections_total",
     "Requests that weir refused, by reason.",
     {"upstream", "priority", "reason"}},
    {Metric::kRequestDuration,
     kHistogram,
     "weir_request_duration_seconds",
     "Time from the request's first byte to the answer's last, queue included; refusals are left "
     "out.",
     {"route"}},
    {Metric::kUpstreamDuration,
     kHistogram,
     "weir_upstream_duration_seconds",
     "Time the upstream took, from admission to the answer's last byte; queue time is not in it.",
     {"upstream"}},
    {Metric::kQueueWait,
     kHistogram,
     "weir_queue_wait_seconds",
     "Time that admitted requests waited in the admission queue; those that never waited are left "
     "out.",
     {"upstream"}},
    {Metric::kQueueDepth,
     kGauge,
     "weir_queue_depth",
     "Requests waiting for admission now.",
     {"upstream"}},
    {Metric::kQueueLimit,
     kGauge,
     "weir_queue_limit",
     "Places in the admission queue.",
     {"upstream"}},
    {Metric::kInflight, kGauge, "weir_inflight", "Admitted requests in flight now.", {"upstream"}},
    {Metric::kInflightPeak,
     kGauge,
     "weir_inflight_peak",
     "The highest number in flight during the last window of the control law.",
     {"upstream"}},
    {Metric::kConcurrencyLimit,
     kGauge,
     "weir_concurrency_limit",
     "Requests that may be in flight at the same time: what the control law decided last.",
     {"upstream"}},
    {Metric::kPoolConnections,
     kGauge,
     "weir_pool_connections",
     "Connections to the upstream, by state (active, idle, connecting).",
     {"upstream", "state"}},
    {Metric::kSaturation,
     kGauge,
     "weir_saturation_ratio",
     "In flight over the concurrency limit, 0 to 1: near 1 the next step is a queue, then a "
     "refusal.",
     {"upstream"}},
    {Metric::kBreakerState,
     kGauge,
     "weir_breaker_state",
     "1 for the state the breaker is in (closed, open, half_open), 0 for the others.",
     {"upstream", "state"}},
    {Metric::kBreakerTransitions,
     kCounter,
     "weir_breaker_transitions_total",
     "Changes of the breaker's state, by the new state and the cause.",
     {"upstream", "to", "cause"}},
    {Metric::kRetries,
     kCounter,
     "weir_retries_total",
     "Retries, by result (sent, budget_denied, deadline_denied).",
     {"upstream", "result"}},
    {Metric::kRetryBudget,
     kGauge,
     "weir_retry_budget_ratio",
     "Share of the retry budget that is left, 0 to 1.",
     {"upstream"}},
    {Metric::kBulkheadInflight,
     kGauge,
     "weir_bulkhead_inflight",
     "Admitted requests of a bulkhead in flight now.",
     {"upstream", "bulkhead"}},
    {Metric::kBulkheadLimit,
     kGauge,
     "weir_bulkhead_limit",
     "Requests of a bulkhead that may be in flight at the same time.",
     {"upstream", "bulkhead"}},
    {Metric::kCredits,
     kGauge,
     "weir_credits",
     "Requests that the upstream said it would still take.",
     {"upstream"}},
    {Metric::kShadowRejections,
     kCounter,
     "weir_shadow_rejections_total",
     "Requests that weir let through only because of --dry-run, by the reason it would have given.",
     {"upstream", "priority", "reason"}},
    {Metric::kConnections,
     kGauge,
     "weir_connections",
     "Connections from clients that are open now.",
     {}},
    {Metric::kReloads,
     kCounter,
     "weir_reload_total",
     "Reloads of the configuration, by result (applied, kept_old).",
     {"result"}},
    {Metric::kLogDropped,
     kCounter,
     "weir_log_dropped_total",
     "Log lines lost because the log's ring was full: logging never blocks.",
     {}},
    {Metric::kBuildInfo,
     kGauge,
     "weir_build_info",
     "Always 1; the version is the label.",
     {"version"}},
};
static_assert(std::size(kMetrics) == kMetricCount);

}  // namespace

const char* to_string(MetricType type) noexcept {
  switch (type) {
    case kCounter: return "counter";
    case kGauge: return "gauge";
    case kHistogram: return "histogram";
  }
  return "?";
}

const MetricInfo& info(Metric metric) noexcept {
  const MetricInfo& found = kMetrics[static_cast<size_t>(metric)];
  WEIR_ASSERT(found.metric == metric);
  return found;
}

std::span<const MetricInfo> all_metrics() noexcept {
  return kMetrics;
}

}  // namespace weir::observe
