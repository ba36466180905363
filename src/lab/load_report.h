// The result of a load run, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "lab/arrival_plan.h"
#include "lab/load_stats.h"

namespace weir::lab {

/// What a run was asked to do; printed with its result, so that a figure never stands alone.
struct LoadSetting {
  std::string url;
  Duration timeout{};
  int retries = 0;
  bool obeys_retry_after = false;
  std::vector<Phase> phases;
};

/// Everything as JSON: totals, one object a phase (by intended time), and the timeline.
nlohmann::ordered_json load_json(const LoadSetting& setting, const LoadStats& stats);

/// A table of ends, percentiles and a histogram, at most 80 columns wide.
std::string load_text(const LoadSetting& setting, const LoadStats& stats);

/// One line of at most 79 columns for a terminal, without the newline. `total` is the time the plan
/// takes, `recent` the last second.
std::string load_progress(Duration elapsed, Duration total, const LoadBucket& recent);

}  // namespace weir::lab
