// A replay as text, JSON and a page.
#include <cmath>
#include <functional>

#include "observe/json.h"
#include "sim/chart.h"
#include "sim/format.h"
#include "sim/replay.h"

namespace weir::sim {
namespace {

using observe::JsonWriter;

std::string warnings(const Replay& replay) {
  std::string text;
  if (replay.lost > 0)
    text += "note: " + std::to_string(replay.lost) + " decisions are missing in the recording\n";
  if (replay.cut_short) text += "note: the recording ends in the middle of an entry\n";
  if (!replay.from_the_start)
    text += "note: the recording does not reach back to the law's beginning; the law starts anew\n";
  if (!replay.service.saturated)
    text +=
        "note: the limit was never reached, so nothing is known of the capacity; the model assumes "
        "three times what was seen\n";
  return text;
}

std::string row(const std::string& name, const WhatIf& what) {
  char line[160];
  std::snprintf(line, sizeof line, "  %-24s %9s %9s %9s %9s\n", name.c_str(),
                format_percent(what.good).c_str(), format_percent(what.refused).c_str(),
                format_time(what.p50).c_str(), format_time(what.p99).c_str());
  return line;
}

std::string service_line(const Replay& replay) {
  const ServiceEstimate& service = replay.service;
  return "service by the recording: " + format_time(service.service_seconds) + " unloaded, " +
         (service.saturated ? "knee at " : "more than ") + format_number(service.workers) +
         " in flight, variation " + format_number(service.variation);
}

void write_what(JsonWriter& json, const char* name, const WhatIf& what) {
  json.key(name);
  json.begin_object();
  json.member("law", what.law);
  json.member("good_ratio", what.good);
  json.member("refused_ratio", what.refused);
  json.member("p50_seconds", what.p50);
  json.member("p99_seconds", what.p99);
  json.end_object();
}

void write_second(JsonWriter& json, const Replay& replay, size_t i) {
  const ReplaySecond& second = replay.seconds[i];
  json.begin_object();
  json.member("second", static_cast<int64_t>(i));
  json.member("demand_per_second", second.demand);
  json.member("good_per_second", second.good);
  json.member("dropped_per_second", second.dropped);
  json.member("limited_per_second", second.limited);
  json.member("p50_seconds", second.p50);
  json.member("p99_seconds", second.p99);
  json.member("limit", second.limit);
  json.member("replayed_limit", second.replayed);
  if (!replay.service.speed.empty()) json.member("speed", replay.service.speed[i]);
  if (i < replay.replayed_in_model.good_by_second.size()) {
    json.member("model_good_per_second", replay.replayed_in_model.good_by_second[i]);
    json.member("model_limit", replay.replayed_in_model.limit_by_second[i]);
  }
  json.end_object();
}

std::vector<double> series(const Replay& replay, double ReplaySecond::*of, double factor = 1) {
  std::vector<double> values;
  for (const ReplaySecond& second : replay.seconds) values.push_back(second.*of * factor);
  return values;
}

Chart chart(const Replay& replay, const std::string& title, const std::string& unit) {
  Chart chart;
  chart.title = title;
  chart.unit = unit;
  chart.seconds = static_cast<double>(replay.seconds.size());
  return chart;
}

}  // namespace

std::string to_text(const Replay& replay) {
  std::string text = "upstream " + replay.upstream + ": " + std::to_string(replay.seconds.size()) +
                     " s, " + format_number(static_cast<double>(replay.decisions)) +
                     " decisions of " + replay.recorded_law + "\n" + service_line(replay) + "\n\n";
  text += "shown the same windows, " + replay.law + " has the recorded limit after " +
          format_percent(replay.same_limit) + " of them\n\n";
  text += "in a model of the service, under the recorded demand\n";
  char head[160];
  std::snprintf(head, sizeof head, "  %-24s %9s %9s %9s %9s\n", "law", "good", "refused", "p50",
                "p99");
  text += head + row(replay.recorded_law + " (recorded)", replay.recorded_in_model);
  if (replay.law != replay.recorded_law) text += row(replay.law, replay.replayed_in_model);
  const std::string notes = warnings(replay);
  return text + (notes.empty() ? "" : "\n" + notes);
}

std::string to_json(const Replay& replay) {
  JsonWriter json;
  json.begin_object();
  json.member("upstream", replay.upstream);
  json.member("recorded_law", replay.recorded_law);
  json.member("law", replay.law);
  json.member("decisions", static_cast<int64_t>(replay.decisions));
  json.member("lost", static_cast<int64_t>(replay.lost));
  json.member("cut_short", replay.cut_short);
  json.member("from_the_start", replay.from_the_start);
  json.member("same_limit_ratio", replay.same_limit);
  json.key("service");
  json.begin_object();
  json.member("unloaded_seconds", replay.service.service_seconds);
  json.member("variation", replay.service.variation);
  json.member("knee", replay.service.workers);
  json.member("saturated", replay.service.saturated);
  json.end_object();
  write_what(json, "recorded_in_model", replay.recorded_in_model);
  write_what(json, "replayed_in_model", replay.replayed_in_model);
  json.key("seconds");
  json.begin_array();
  for (size_t i = 0; i < replay.seconds.size(); ++i) write_second(json, replay, i);
  json.end_array();
  json.end_object();
  return json.text() + "\n";
}

std::string to_html(const Replay& replay) {
  std::string out =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>replay of " +
      escape_html(replay.upstream) + "</title><style>" + chart_style() +
      "</style></head><body>\n<h1>Replay of " + escape_html(replay.upstream) + " with " +
      escape_html(replay.law) + "</h1>\n<pre>" + escape_html(to_text(replay)) +
      "</pre>\n<div class=\"plots\">\n";
  Chart limits = chart(replay, "limit", "for the same windows");
  limits.lines = {{"recorded " + replay.recorded_law, "grey", series(replay, &ReplaySecond::limit)},
                  {replay.law, "blue", series(replay, &ReplaySecond::replayed)}};
  Chart demand = chart(replay, "recorded", "requests a second");
  demand.lines = {{"demand", "grey", series(replay, &ReplaySecond::demand), true},
                  {"met the limit", "amber", series(replay, &ReplaySecond::limited)},
                  {"dropped", "red", series(replay, &ReplaySecond::dropped)},
                  {"good", "green", series(replay, &ReplaySecond::good)}};
  Chart latency = chart(replay, "recorded", "milliseconds in the service");
  latency.lines = {{"p99", "violet", series(replay, &ReplaySecond::p99, 1e3)},
                   {"p50", "blue", series(replay, &ReplaySecond::p50, 1e3), true}};
  Chart model = chart(replay, "in the model", "good answers a second");
  model.lines = {{"demand", "grey", series(replay, &ReplaySecond::demand), true},
                 {replay.recorded_law, "green", replay.recorded_in_model.good_by_second},
                 {replay.law + " ", "blue", replay.replayed_in_model.good_by_second}};
  return out + to_svg(limits) + to_svg(model) + to_svg(demand) + to_svg(latency) +
         "</div></body></html>\n";
}

}  // namespace weir::sim
