#include "admin/otlp_json.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include "observe/json.h"

namespace weir::admin {
namespace {

using observe::JsonWriter;
using observe::LabelValues;
using observe::Metric;
using observe::MetricInfo;
using observe::MetricType;
using observe::SpanRecord;

constexpr int64_t kCumulative = 2;  // AGGREGATION_TEMPORALITY_CUMULATIVE
constexpr int64_t kKindServer = 2;
constexpr int64_t kKindInternal = 1;
constexpr int64_t kKindClient = 3;
constexpr int64_t kStatusError = 2;
// As in prometheus.cc: 65 µs to 69 s.
constexpr int kOctaveMin = 16;
constexpr int kOctaveMax = 36;

// 64-bit integers are strings in protobuf's JSON.
std::string text_of(uint64_t number) {
  return std::to_string(number);
}

void attribute(JsonWriter& json, std::string_view key, std::string_view value) {
  json.begin_object();
  json.member("key", key);
  json.key("value");
  json.begin_object();
  json.member("stringValue", value);
  json.end_object();
  json.end_object();
}

void attribute(JsonWriter& json, std::string_view key, int64_t value) {
  json.begin_object();
  json.member("key", key);
  json.key("value");
  json.begin_object();
  json.member("intValue", text_of(static_cast<uint64_t>(value)));
  json.end_object();
  json.end_object();
}

void write_resource(JsonWriter& json, const OtlpResource& resource) {
  json.key("resource");
  json.begin_object();
  json.key("attributes");
  json.begin_array();
  attribute(json, "service.name", resource.service_name);
  attribute(json, "service.version", resource.version);
  attribute(json, "service.instance.id", resource.instance);
  json.end_array();
  json.end_object();
}

void write_scope(JsonWriter& json, const OtlpResource& resource) {
  json.key("scope");
  json.begin_object();
  json.member("name", "weir");
  json.member("version", resource.version);
  json.end_object();
}

// Collects data points by family, since OTLP wants a family's points together.
class Points final : public observe::MetricSink {
 public:
  Points(int64_t start_ns, int64_t now_ns) : start_ns_(start_ns), now_ns_(now_ns) {}

  void value(Metric metric, LabelValues labels, double value) override {
    JsonWriter json;
    begin_point(json, metric, labels);
    json.member("asDouble", value);
    json.end_object();
    append(points_[static_cast<size_t>(metric)], json.text());
  }

  void histogram(Metric metric, LabelValues labels, const Histogram& histogram) override {
    JsonWriter json;
    begin_point(json, metric, labels);
    json.member("count", text_of(histogram.count()));
    json.member("sum", histogram.sum_ns() * 1e-9);
    json.key("bucketCounts");
    json.begin_array();
    uint64_t before = 0;
    uint64_t cumulated = 0;
    int next = 0;
    for (int octave = kOctaveMin; octave <= kOctaveMax; ++octave) {
      const int end = (octave - HistogramShape::kExponentMin) * HistogramShape::kPerOctave;
      for (; next < end; ++next) cumulated += histogram.count_at(next);
      json.value(std::string_view(text_of(cumulated - std::exchange(before, cumulated))));
    }
    json.value(std::string_view(text_of(histogram.count() - cumulated)));
    json.end_array();
    json.key("explicitBounds");
    json.begin_array();
    for (int octave = kOctaveMin; octave <= kOctaveMax; ++octave)
      json.value(std::exp2(octave) * 1e-9);
    json.end_array();
    json.end_object();
    append(points_[static_cast<size_t>(metric)], json.text());
  }

  /// All metrics as the members of an array.
  std::string text() const {
    std::string out;
    for (const MetricInfo& family : observe::all_metrics()) {
      const std::string& points = points_[static_cast<size_t>(family.metric)];
      if (points.empty()) continue;
      append(out, metric_text(family, family.name, points));
      if (family.metric == Metric::kRequestDuration)
        append(out, metric_text(family, "http.server.request.duration",
                                renamed(points, "\"route\"", "\"http.route\"")));
      if (family.metric == Metric::kUpstreamDuration)
        append(out, metric_text(family, "http.client.request.duration",
                                renamed(points, "\"upstream\"", "\"server.address\"")));
    }
    return out;
  }

 private:
  static void append(std::string& list, const std::string& item) {
    if (!list.empty()) list += ',';
    list += item;
  }

  /// Our label's name as the semantic conventions have it.
  static std::string renamed(std::string points, std::string_view ours, std::string_view theirs) {
    const std::string from = "\"key\":" + std::string(ours);
    const std::string to = "\"key\":" + std::string(theirs);
    for (size_t at = 0; (at = points.find(from, at)) != points.npos; at += to.size())
      points.replace(at, from.size(), to);
    return points;
  }

  void begin_point(JsonWriter& json, Metric metric, LabelValues labels) const {
    const MetricInfo& family = observe::info(metric);
    json.begin_object();
    json.key("attributes");
    json.begin_array();
    const std::string_view* name = family.labels.data();
    for (const std::string_view label : labels) attribute(json, *name++, label);
    json.end_array();
    json.member("startTimeUnixNano", text_of(static_cast<uint64_t>(start_ns_)));
    json.member("timeUnixNano", text_of(static_cast<uint64_t>(now_ns_)));
  }

  static std::string metric_text(const MetricInfo& family, std::string_view name,
                                 const std::string& points) {
    JsonWriter head;
    head.begin_object();
    head.member("name", name);
    head.member("description", family.help);
    if (name.ends_with("duration") || name.ends_with("_seconds")) head.member("unit", "s");
    head.end_object();
    std::string out = head.text();
    out.pop_back();
    const std::string temporality = "\"aggregationTemporality\":" + std::to_string(kCumulative);
    switch (family.type) {
      case MetricType::kCounter:
        out += ",\"sum\":{" + temporality + ",\"isMonotonic\":true,\"dataPoints\":[";
        break;
      case MetricType::kGauge: out += ",\"gauge\":{\"dataPoints\":["; break;
      case MetricType::kHistogram:
        out += ",\"histogram\":{" + temporality + ",\"dataPoints\":[";
        break;
    }
    return out + points + "]}}";
  }

  int64_t start_ns_;
  int64_t now_ns_;
  std::array<std::string, observe::kMetricCount> points_;
};

std::string hex_of(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::string hex_of(const std::array<uint8_t, 16>& bytes) {
  std::string out;
  for (const uint8_t byte : bytes) {
    char text[3];
    std::snprintf(text, sizeof text, "%02x", byte);
    out += text;
  }
  return out;
}

// A child's id, made from its parent's: the ids of one span need not be guessed, only differ.
uint64_t child_id(uint64_t span, uint64_t number) {
  return (span ^ number * 0x9e3779b97f4a7c15) | 1;
}

struct Part {
  std::string name;
  uint64_t id;
  uint64_t parent;
  int64_t kind;
  int64_t begin_ns;
  int64_t end_ns;
};

void begin_span(JsonWriter& json, const SpanRecord& span, const Part& part) {
  json.begin_object();
  json.member("traceId", hex_of(span.trace.trace_id));
  json.member("spanId", hex_of(part.id));
  if (part.parent != 0) json.member("parentSpanId", hex_of(part.parent));
  json.member("name", part.name);
  json.member("kind", part.kind);
  json.member("startTimeUnixNano", text_of(static_cast<uint64_t>(part.begin_ns)));
  json.member("endTimeUnixNano", text_of(static_cast<uint64_t>(part.end_ns)));
}

void write_server_span(JsonWriter& json, const SpanRecord& span) {
  const std::string name = std::string(span.method) + " " + std::string(span.route.view());
  begin_span(
      json, span,
      {name, span.trace.span_id, span.trace.parent_id, kKindServer, span.begin_ns, span.end_ns});
  json.key("attributes");
  json.begin_array();
  attribute(json, "http.request.method", std::string_view(span.method));
  attribute(json, "url.path", span.path.view());
  attribute(json, "http.route", span.route.view());
  attribute(json, "weir.upstream", span.upstream.view());
  attribute(json, "weir.priority", std::string_view(span.priority));
  attribute(json, "weir.result", std::string_view(span.result));
  if (*span.reason != '\0') attribute(json, "weir.reason", std::string_view(span.reason));
  if (span.status != 0) attribute(json, "http.response.status_code", int64_t{span.status});
  json.end_array();
  if (span.status >= 500 || span.status == 0) {
    json.key("status");
    json.begin_object();
    json.member("code", kStatusError);
    json.end_object();
  }
  json.end_object();
}

void write_parts(JsonWriter& json, const SpanRecord& span) {
  const uint64_t own = span.trace.span_id;
  const int64_t left_queue = span.admitted_ns != 0 ? span.admitted_ns : span.end_ns;
  begin_span(json, span,
             {"queue", child_id(own, 1), own, kKindInternal, span.begin_ns, left_queue});
  json.end_object();
  if (span.admitted_ns == 0) return;
  begin_span(json, span,
             {"upstream " + std::string(span.upstream.view()), child_id(own, 2), own, kKindClient,
              span.admitted_ns, span.end_ns});
  json.end_object();
}

}  // namespace

std::string render_otlp_metrics(const observe::Registry& registry, const OtlpResource& resource,
                                int64_t start_ns, int64_t now_ns) {
  Points points(start_ns, now_ns);
  registry.collect(points);
  JsonWriter head;
  head.begin_object();
  write_resource(head, resource);
  head.end_object();
  JsonWriter scope;
  scope.begin_object();
  write_scope(scope, resource);
  scope.end_object();
  std::string resource_text = head.text();
  std::string scope_text = scope.text();
  resource_text.pop_back();
  scope_text.pop_back();
  return "{\"resourceMetrics\":[" + resource_text + ",\"scopeMetrics\":[" + scope_text +
         ",\"metrics\":[" + points.text() + "]}]}]}";
}

std::string render_otlp_traces(const std::vector<SpanRecord>& spans, const OtlpResource& resource) {
  JsonWriter json;
  json.begin_object();
  json.key("resourceSpans");
  json.begin_array();
  json.begin_object();
  write_resource(json, resource);
  json.key("scopeSpans");
  json.begin_array();
  json.begin_object();
  write_scope(json, resource);
  json.key("spans");
  json.begin_array();
  for (const SpanRecord& span : spans) {
    write_server_span(json, span);
    write_parts(json, span);
  }
  json.end_array();
  json.end_object();
  json.end_array();
  json.end_object();
  json.end_array();
  json.end_object();
  return json.text();
}

}  // namespace weir::admin
