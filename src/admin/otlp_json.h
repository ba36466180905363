// OTLP/HTTP in JSON: metrics and traces as an OpenTelemetry collector takes them
// (opentelemetry-proto 1.x, "JSON Protobuf Encoding"). Rendering only, no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "observe/registry.h"
#include "observe/span.h"

namespace weir::admin {

/// Who sends.
struct OtlpResource {
  std::string service_name = "weir";
  std::string version{};
  std::string instance{};  ///< the admin address: tells instances apart
};

/// An ExportMetricsServiceRequest with every series. Counters are cumulative sums since
/// `start_ns`, histograms have the bounds of the Prometheus text. Besides weir's own names,
/// http.server.request.duration and http.client.request.duration of the semantic conventions.
std::string render_otlp_metrics(const observe::Registry& registry, const OtlpResource& resource,
                                int64_t start_ns, int64_t now_ns);

/// An ExportTraceServiceRequest: for each record a server span, and below it one for the time in
/// the queue and one for the upstream.
std::string render_otlp_traces(const std::vector<observe::SpanRecord>& spans,
                               const OtlpResource& resource);

}  // namespace weir::admin
