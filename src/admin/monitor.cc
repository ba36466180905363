#include "admin/monitor.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "admin/explain_json.h"
#include "admin/state_json.h"

namespace weir::admin {
namespace {

uint64_t number_of(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string render_event(const observe::EventRing::Entry& entry) {
  observe::JsonWriter json;
  write_event(json, entry);
  return json.text();
}

void remember(std::deque<std::string>& all, std::vector<std::string> fresh) {
  for (std::string& one : fresh) all.push_back(std::move(one));
  while (all.size() > Monitor::kPastMax) all.pop_front();
}

std::string array_of(const std::vector<std::string>& documents) {
  std::string out = "[";
  for (const std::string& one : documents) {
    if (out.size() > 1) out += ',';
    out += one;
  }
  return out + "]";
}

std::string routes_of(const observe::StateProvider& state) {
  observe::JsonWriter json;
  json.begin_array();
  for (const auto& [route, upstream] : state.routes()) {
    json.begin_array();
    json.value(std::string_view(route));
    json.value(std::string_view(upstream));
    json.end_array();
  }
  json.end_array();
  return json.text();
}

}  // namespace

Monitor::Monitor(const Sources& sources) : sources_(sources), history_(sources.registry) {}

void Monitor::tick(int64_t time_ms, Instant now) {
  if (epoch_ms_ == 0) epoch_ms_ = time_ms;
  const Duration length = last_ == Instant{} ? History::kInterval : now - last_;
  if (length <= Duration::zero()) return;
  last_ = now;
  history_.sample(time_ms, length);
  status_ = judge(history_, sources_.state);
  gather();
}

// What is new since the last tick: decisions, refusals, and requests that stand for a bucket.
void Monitor::gather() {
  std::vector<std::string> decisions;
  for (const auto& entry : sources_.events.read(event_)) {
    event_ = entry.number + 1;
    decisions.push_back(render_event(entry));
  }
  if (decisions.size() > kNewsMax) decisions.erase(decisions.begin(), decisions.end() - kNewsMax);
  std::vector<std::string> refusals;
  if (const observe::ExplanationSource* source = sources_.explanations) {
    for (const auto& told :
         source->after(refused_cursor_, observe::ExplainKind::kRefused, kNewsMax))
      refusals.push_back(render_explanation(told));
    for (const auto& told : source->after(ended_cursor_, observe::ExplainKind::kEnded, kEndingsMax))
      exemplars_.put(
          observe::Metric::kRequestDuration, told.route,
          {told.request_id, told.total_ms / 1e3, static_cast<double>(told.time_ms) / 1e3});
  }
  tick_data_ = render(decisions, refusals);
  remember(decisions_, std::move(decisions));
  remember(refusals_, std::move(refusals));
}

void Monitor::write_overview(observe::JsonWriter& json) const {
  json.member("version", sources_.version);
  json.member("draining", sources_.state.draining());
  json.member("dry_run", sources_.state.dry_run());
  json.key("status");
  write_status(json, status_);
  json.key("components");
  write_components(json, sources_.state);
}

std::string Monitor::render(const std::vector<std::string>& decisions,
                            const std::vector<std::string>& refusals) const {
  observe::JsonWriter json;
  json.begin_object();
  write_overview(json);
  json.end_object();
  std::string data = json.text();
  data.pop_back();
  data += ",\"routes\":" + routes_of(sources_.state) + ",\"decisions\":" + array_of(decisions) +
          ",\"refusals\":" + array_of(refusals) + ",\"row\":";
  History::append_row(data, history_.rows().back());
  return data + "}";
}

std::string Monitor::first_tick_data() const {
  return render({decisions_.begin(), decisions_.end()}, {refusals_.begin(), refusals_.end()});
}

StreamFeed::StreamFeed(const Monitor& monitor, std::string_view last_event_id) : monitor_(monitor) {
  const size_t dot = last_event_id.find('.');
  if (dot == last_event_id.npos) return;
  if (number_of(last_event_id.substr(0, dot)) != static_cast<uint64_t>(monitor_.epoch_ms())) return;
  row_ = number_of(last_event_id.substr(dot + 1));
}

void StreamFeed::pull(std::string& out) {
  const uint64_t newest = monitor_.history().last_number();
  if (newest == 0) return;
  if (!std::exchange(began_, true)) return append_history(out, monitor_.first_tick_data());
  if (newest == row_) return;
  // A reader that fell behind gets the rows it missed at once.
  if (newest > row_ + 1) return append_history(out, monitor_.tick_data());
  append_tick(out, monitor_.tick_data());
}

void StreamFeed::append_history(std::string& out, const std::string& tick) {
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
  append_event(out, "history", "", data + "]}");
  series_count_ = history.series().size();
  append_tick(out, tick);
}

void StreamFeed::append_tick(std::string& out, const std::string& data) {
  const History& history = monitor_.history();
  if (history.series().size() != series_count_) {
    series_count_ = history.series().size();
    append_event(out, "series", "", history.render_series());
  }
  row_ = history.last_number();
  append_event(out, "tick", std::to_string(monitor_.epoch_ms()) + "." + std::to_string(row_), data);
}

}  // namespace weir::admin
