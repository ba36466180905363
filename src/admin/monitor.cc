#include "admin/monitor.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "admin/explain_json.h"
#include "admin/state_json.h"

namespace weir::admin {
namespace {

constexpr size_t kAll = 1'000'000;

uint64_t number_of(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

void Monitor::tick(int64_t time_ms, Instant now) {
  if (epoch_ms_ == 0) epoch_ms_ = time_ms;
  const Duration length = last_ == Instant{} ? History::kInterval : now - last_;
  if (length <= Duration::zero()) return;
  last_ = now;
  history_.sample(time_ms, length);
  status_ = judge(history_, sources_.state);
}

StreamFeed::StreamFeed(const Monitor& monitor, std::string_view last_event_id) : monitor_(monitor) {
  const size_t dot = last_event_id.find('.');
  const uint64_t count = monitor_.sources().events.count();
  event_ = count > kPastMax ? count - kPastMax : 0;
  if (dot == last_event_id.npos) return;
  if (number_of(last_event_id.substr(0, dot)) != static_cast<uint64_t>(monitor_.epoch_ms())) return;
  row_ = number_of(last_event_id.substr(dot + 1));
}

void StreamFeed::pull(std::string& out) {
  const History& history = monitor_.history();
  if (!std::exchange(began_, true) || history.last_number() > row_ + History::kRowMax)
    return append_history(out);
  for (const History::Row& row : history.rows())
    if (row.number > row_) append_tick(out, row);
}

void StreamFeed::append_history(std::string& out) {
  const History& history = monitor_.history();
  std::string data = "{\"epoch\":" + std::to_string(monitor_.epoch_ms());
  data += ",\"resumed\":" + std::string(row_ > 0 ? "true" : "false");
  data += ",\"series\":" + history.render_series() + ",\"rows\":[";
  bool first = true;
  for (const History::Row& row : history.rows()) {
    if (row.number <= row_) continue;
    if (!std::exchange(first, false)) data += ',';
    History::append_row(data, row);
  }
  data += "]}";
  append_event(out, "history", "", data);
  series_count_ = history.series().size();
  if (history.rows().empty()) return;
  append_tick(out, history.rows().back());  // the page shows the present at once
}

void StreamFeed::append_tick(std::string& out, const History::Row& row) {
  const History& history = monitor_.history();
  if (history.series().size() != series_count_) {
    series_count_ = history.series().size();
    append_event(out, "series", "", history.render_series());
  }
  const Sources& sources = monitor_.sources();
  observe::JsonWriter json;
  json.begin_object();
  json.member("version", sources.version);
  json.member("draining", sources.state.draining());
  json.member("dry_run", sources.state.dry_run());
  json.key("status");
  write_status(json, monitor_.status());
  json.key("components");
  write_components(json, sources.state);
  json.key("routes");
  json.begin_array();
  for (const auto& [route, upstream] : sources.state.routes()) {
    json.begin_array();
    json.value(std::string_view(route));
    json.value(std::string_view(upstream));
    json.end_array();
  }
  json.end_array();
  json.key("decisions");
  write_decisions(json);
  json.key("refusals");
  write_refusals(json);
  json.end_object();
  std::string data = json.text();
  data.pop_back();
  data += ",\"row\":";
  History::append_row(data, row);
  data += '}';
  row_ = row.number;
  append_event(out, "tick", std::to_string(monitor_.epoch_ms()) + "." + std::to_string(row.number),
               data);
}

void StreamFeed::write_decisions(observe::JsonWriter& json) {
  json.begin_array();
  for (const auto& entry : monitor_.sources().events.read(event_)) {
    event_ = entry.number + 1;
    write_event(json, entry);
  }
  json.end_array();
}

void StreamFeed::write_refusals(observe::JsonWriter& json) {
  json.begin_array();
  if (const observe::ExplanationSource* source = monitor_.sources().explanations) {
    const bool is_first = cursor_.next.empty();
    std::vector<observe::Explanation> fresh = source->after(cursor_, kAll);
    std::erase_if(fresh, [](const observe::Explanation& told) { return !told.refused(); });
    const size_t most = is_first ? kPastMax : kRefusalMax;
    for (size_t i = fresh.size() > most ? fresh.size() - most : 0; i < fresh.size(); ++i)
      write_explanation(json, fresh[i]);
  }
  json.end_array();
}

}  // namespace weir::admin
