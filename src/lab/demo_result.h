// What the demo's two runs have shown, and whether its claims held. Pure: no process, no clock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/demo_plan.h"
#include "lab/load_stats.h"

namespace weir::lab {

/// One run of the story, from the clients' side.
struct DemoRun {
  LoadStats catalogue;
  LoadStats checkout;
};

struct DemoResult {
  DemoPlan plan;
  DemoRun without;
  DemoRun with;
};

/// Share of the visits intended in [from, to) that were answered in time in the end, retries
/// included, 0–1; 1 when there were none.
double answered_share(const LoadStats& route, Duration from, Duration to);

/// Visits answered in [from, to), a second.
double answered_rate(const LoadStats& route, Duration from, Duration to);

/// How long after `heal` the visits go well again and stay so: from then on every stretch of one
/// second until `end` has at least `share` answered. Nothing if that never comes.
std::optional<Duration> recovery(const LoadStats& route, Duration heal, Duration end, double share);

/// A sentence that the demo stands for, with what was measured.
struct Claim {
  std::string sentence;
  std::string figure;
  std::string bound;
  bool held = false;
};

std::vector<Claim> judge(const DemoResult& result);

/// The claims as lines of at most 80 columns, with PASS or FAIL.
std::string claims_text(const std::vector<Claim>& claims);

}  // namespace weir::lab
