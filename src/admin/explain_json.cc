#include "admin/explain_json.h"

#include <algorithm>
#include <utility>

namespace weir::admin {
namespace {

using observe::Explanation;
using observe::JsonWriter;

// More than all workers' rings of a machine hold.
constexpr size_t kAll = 1'000'000;

void write_optional(JsonWriter& json, std::string_view name, std::optional<double> value) {
  json.key(name);
  if (value)
    json.value(*value);
  else
    json.null();
}

}  // namespace

void write_explanation(JsonWriter& json, const Explanation& told) {
  json.begin_object();
  json.member("request_id", told.request_id);
  json.member("time_ms", told.time_ms);
  json.member("result", told.result);
  if (told.refused()) json.member("reason", told.reason);
  if (!told.sentence.empty()) json.member("detail", told.sentence);
  json.member("method", told.method);
  json.member("path", told.path);
  json.member("route", told.route);
  json.member("upstream", told.upstream);
  json.member("priority", told.priority);
  if (told.status != 0) json.member("status", int64_t{told.status});
  if (told.retry_after_ms >= 0) json.member("retry_after_ms", told.retry_after_ms);
  if (told.deadline_ms >= 0) json.member("deadline_ms", told.deadline_ms);
  json.member("queue_ms", told.queue_ms);
  json.member("upstream_ms", told.upstream_ms);
  json.member("total_ms", told.total_ms);
  json.member("attempts", int64_t{told.attempts});
  json.key("gates");
  json.begin_array();
  for (const observe::ExplainedGate& gate : told.gates) {
    json.begin_object();
    json.member("gate", gate.name);
    json.member("verdict", gate.verdict);
    write_optional(json, "value", gate.value);
    write_optional(json, "bound", gate.bound);
    json.member("unit", gate.unit);
    json.member("why", gate.why);
    if (!gate.change.empty()) json.member("change", gate.change);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

std::string render_explanation(const Explanation& told) {
  JsonWriter json;
  write_explanation(json, told);
  return json.text();
}

ExplainFilter ExplainFilter::from(const Request& request) {
  ExplainFilter filter;
  const auto rejected = request.query("rejected");
  filter.rejected_only = rejected && *rejected != "0" && *rejected != "false";
  filter.route = request.query("route").value_or("");
  return filter;
}

bool ExplainFilter::takes(const Explanation& told) const noexcept {
  if (rejected_only && !told.refused()) return false;
  return route.empty() || told.route == route;
}

std::string render_recent(const observe::ExplanationSource& source, const ExplainFilter& filter,
                          size_t count_max) {
  observe::ExplainCursor cursor;
  const std::vector<Explanation> all = source.after(cursor, filter.kind(), kAll);
  JsonWriter json;
  json.begin_array();
  for (auto told = all.rbegin(); told != all.rend() && count_max > 0; ++told) {
    if (!filter.takes(*told)) continue;
    write_explanation(json, *told);
    --count_max;
  }
  json.end_array();
  return json.text() + "\n";
}

TapFeed::TapFeed(const observe::ExplanationSource& source, ExplainFilter filter)
    : source_(source), filter_(std::move(filter)) {
  source_.after(cursor_, filter_.kind(), 0);  // from now on
}

void TapFeed::pull(std::string& out) {
  if (std::exchange(first_, false)) out += ": tap\n\n";
  size_t skipped = 0;
  std::vector<Explanation> fresh = source_.after(cursor_, filter_.kind(), kTapBatchMax, &skipped);
  if (skipped > 0) append_event(out, "skipped", "", std::to_string(skipped));
  for (const Explanation& told : fresh)
    if (filter_.takes(told)) append_event(out, "", "", render_explanation(told));
}

}  // namespace weir::admin
