#include "admin/state_json.h"

#include <algorithm>

namespace weir::admin {
namespace {

using observe::JsonWriter;

void write_component(JsonWriter& json, const observe::ComponentState& component) {
  json.begin_object();
  json.member("kind", component.kind);
  json.member("upstream", component.upstream);
  if (!component.name.empty()) json.member("name", component.name);
  if (!component.state.empty()) json.member("state", component.state);
  json.member("value", component.value);
  json.key("bound");
  if (component.bound)
    json.value(*component.bound);
  else
    json.null();
  json.member("unit", component.unit);
  json.member("why", component.why);
  json.key("figures");
  json.begin_object();
  for (const auto& [name, value] : component.figures) json.member(name, value);
  json.end_object();
  json.end_object();
}

}  // namespace

void write_event(JsonWriter& json, const observe::EventRing::Entry& entry) {
  const observe::ControlEvent& event = entry.record;
  json.begin_object();
  json.member("number", static_cast<int64_t>(entry.number));
  json.member("kind", observe::to_string(event.kind));
  json.member("time_ms", event.wall_ns / 1'000'000);
  json.member("upstream", event.upstream.view());
  json.member("before", event.before);
  json.member("after", event.after);
  json.member("cause", event.cause);
  json.key("figures");
  json.begin_object();
  for (const observe::Figure& figure : event.figures) {
    if (figure.name == nullptr) break;
    json.member(figure.name, figure.value);
  }
  json.end_object();
  json.end_object();
}

void write_components(JsonWriter& json, const observe::StateProvider& state) {
  json.begin_array();
  for (const observe::ComponentState& component : state.components())
    write_component(json, component);
  json.end_array();
}

std::string render_state(const observe::StateProvider& state, const observe::EventRing& events,
                         std::string_view version) {
  JsonWriter json;
  json.begin_object();
  json.member("version", version);
  json.member("draining", state.draining());
  json.member("dry_run", state.dry_run());
  json.key("components");
  write_components(json, state);
  json.key("events");
  json.begin_array();
  const uint64_t count = events.count();
  const auto entries = events.read(count > kEventMax ? count - kEventMax : 0);
  std::for_each(entries.rbegin(), entries.rend(),
                [&json](const auto& entry) { write_event(json, entry); });
  json.end_array();
  json.end_object();
  return json.text() + "\n";
}

}  // namespace weir::admin
