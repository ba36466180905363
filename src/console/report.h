// Reports: explanations and the state of a weir as lines for people. JSON in, text out; no I/O.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "console/paint.h"

namespace weir::console {

/// An explanation as /api/explain/ID gives it, gate by gate.
std::string explanation_text(const nlohmann::json& told, const Paint& paint);

/// One line for the tap.
std::string tap_line(const nlohmann::json& told, const Paint& paint);

/// What /api/status gives: the sentence, then a line for each component.
std::string status_text(const nlohmann::json& status, const Paint& paint);

/// The sign of a level, so that nothing is told by colour alone.
std::string level_sign(const std::string& level, const Paint& paint);

}  // namespace weir::console
