// The document of /api/state.
#pragma once

#include <string>
#include <string_view>

#include "observe/event.h"
#include "observe/json.h"
#include "observe/state.h"

namespace weir::admin {

/// {"version", "draining", "dry_run", "components": [...], "events": [...]}: the components as the
/// host lists them, the events newest first, at most kEventMax. docs/reference/admin.md describes
/// the fields.
std::string render_state(const observe::StateProvider& state, const observe::EventRing& events,
                         std::string_view version);

inline constexpr size_t kEventMax = 100;

/// The parts, for other documents: the array of components, one event.
void write_components(observe::JsonWriter& json, const observe::StateProvider& state);
void write_event(observe::JsonWriter& json, const observe::EventRing::Entry& entry);

}  // namespace weir::admin
