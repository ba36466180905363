// A report as one JSON object, with everything.
#include <cmath>

#include "observe/json.h"
#include "sim/report.h"

namespace weir::sim {
namespace {

using observe::JsonWriter;

void write(JsonWriter& json, std::string_view name, uint64_t count) {
  json.member(name, static_cast<int64_t>(count));
}

void write_tally(JsonWriter& json, std::string_view name, const Tally& tally) {
  json.key(name);
  json.begin_object();
  write(json, "offered", tally.offered);
  write(json, "good", tally.good);
  write(json, "failed", tally.failed);
  write(json, "attempts", tally.attempts);
  write(json, "refused", tally.refused);
  write(json, "timed_out", tally.timed_out);
  json.end_object();
}

template <typename Values, typename Of>
void write_series(JsonWriter& json, std::string_view name, const Values& values, const Of& of) {
  json.key(name);
  json.begin_array();
  for (const auto& value : values) json.value(of(value));
  json.end_array();
}

void write_refusals(JsonWriter& json, const Refusals& refusals) {
  json.key("refused_by_reason");
  json.begin_object();
  for (size_t i = 0; i < refusals.size(); ++i)
    if (refusals[i] > 0) write(json, to_string(static_cast<Reason>(i)), refusals[i]);
  json.end_object();
}

void write_client(JsonWriter& json, const Report& report, const ClientResult& client) {
  const auto count = [](uint64_t Tally::*of) {
    return [of](const Tally& tally) { return static_cast<int64_t>(tally.*of); };
  };
  json.begin_object();
  json.member("name", client.name);
  write_tally(json, "measured", client.measured);
  json.key("seconds");
  json.begin_object();
  json.member("mean", to_seconds(client.seen.mean()));
  json.member("p50", to_seconds(client.seen.quantile(0.5)));
  json.member("p90", to_seconds(client.seen.quantile(0.9)));
  json.member("p99", to_seconds(client.seen.quantile(0.99)));
  json.member("p999", to_seconds(client.seen.quantile(0.999)));
  json.end_object();
  json.key("recovery_seconds");
  const std::optional<double> recovery = recovery_seconds(report, client);
  recovery ? json.value(*recovery) : json.null();
  json.member("recovers", !recovery || std::isfinite(*recovery));
  write_refusals(json, client.refused_by_reason);
  json.key("by_priority");
  json.begin_object();
  for (size_t i = 0; i < client.by_criticality.size(); ++i)
    if (client.by_criticality[i].offered > 0)
      write_tally(json, to_string(static_cast<Criticality>(i)), client.by_criticality[i]);
  json.end_object();
  json.key("series");
  json.begin_object();
  write_series(json, "offered", client.slices, count(&Tally::offered));
  write_series(json, "good", client.slices, count(&Tally::good));
  write_series(json, "failed", client.slices, count(&Tally::failed));
  write_series(json, "attempts", client.slices, count(&Tally::attempts));
  write_series(json, "refused", client.slices, count(&Tally::refused));
  write_series(json, "timed_out", client.slices, count(&Tally::timed_out));
  write_series(json, "p50_seconds", client.seen_by_slice,
               [](const SliceLatency& slice) { return double{slice.p50}; });
  write_series(json, "p99_seconds", client.seen_by_slice,
               [](const SliceLatency& slice) { return double{slice.p99}; });
  json.end_object();
  json.end_object();
}

void write_decisions(JsonWriter& json, const Decisions& decisions) {
  json.key("decisions_by_cause");
  json.begin_object();
  for (size_t i = 0; i < decisions.by_cause.size(); ++i)
    if (decisions.by_cause[i] > 0)
      write(json, to_string(static_cast<LimitCause>(i)), decisions.by_cause[i]);
  json.end_object();
  json.key("moves");
  json.begin_array();
  for (const LimitMove& move : decisions.moves) {
    json.begin_object();
    json.member("at_seconds", to_seconds(move.at - Instant{}));
    json.member("before", int64_t{move.before});
    json.member("after", int64_t{move.after});
    json.member("cause", to_string(move.cause));
    json.end_object();
  }
  json.end_array();
}

void write_service(JsonWriter& json, const ServiceSpec& spec, const ServiceResult& service,
                   const Decisions& decisions) {
  const auto number = [](uint32_t value) { return int64_t{value}; };
  json.begin_object();
  json.member("name", service.name);
  json.member("instances", int64_t{spec.instances});
  write(json, "started", service.started);
  write(json, "started_expired", service.started_expired);
  write(json, "completed", service.completed);
  write_refusals(json, service.refused_by_reason);
  write_decisions(json, decisions);
  json.key("series");
  json.begin_object();
  write_series(json, "limit", service.limit_at_slice, number);
  write_series(json, "inside", service.inside_at_slice, number);
  write_series(json, "queued", service.queued_at_slice, number);
  json.end_object();
  json.end_object();
}

}  // namespace

std::string to_json(const Report& report) {
  const ScenarioSpec& spec = report.scenario.spec;
  const RunResult& result = report.result;
  JsonWriter json;
  json.begin_object();
  json.member("scenario", report.scenario.name);
  json.member("seed", static_cast<int64_t>(report.scenario.seed));
  json.member("duration_seconds", to_seconds(spec.end - Instant{}));
  json.member("measure_from_seconds", to_seconds(spec.measure_begin - Instant{}));
  json.member("measure_to_seconds", to_seconds(spec.measure_end - Instant{}));
  json.member("slice_seconds", to_seconds(kSlice));
  write(json, "events", result.events);
  json.member("drained_in_seconds", to_seconds(result.drained_in));
  write(json, "left_over", result.left_over);
  json.key("clients");
  json.begin_array();
  for (const ClientResult& client : result.clients) write_client(json, report, client);
  json.end_array();
  json.key("services");
  json.begin_array();
  for (size_t i = 0; i < result.services.size(); ++i)
    write_service(json, spec.services[i], result.services[i], report.decisions[i]);
  json.end_array();
  json.key("verdicts");
  json.begin_array();
  for (const Verdict& verdict : report.verdicts) {
    json.begin_object();
    json.member("claim", verdict.claim);
    json.member("found", verdict.found);
    json.member("pass", verdict.pass);
    json.end_object();
  }
  json.end_array();
  json.member("pass", report.pass());
  json.end_object();
  return json.text() + "\n";
}

}  // namespace weir::sim
