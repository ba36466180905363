// Report: what a simulated scenario gave, as text, as JSON and as a page.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "sim/result.h"
#include "sim/scenario.h"
#include "weir/policy/limiter.h"

namespace weir::sim {

/// One expectation of the scenario, or one promise of every run, with what became of it.
struct Verdict {
  std::string claim;  ///< "web: good at least 99 % from 40s to 60s"
  std::string found;  ///< "99.97 %"
  bool pass = false;
};

/// Causes of decisions, see LimitCause.
inline constexpr size_t kCauseCount = 10;

/// What the laws before one service decided.
struct Decisions {
  /// Moves kept for one service, at most: ten minutes of one move a window of 10 ms.
  static constexpr size_t kMovesMax = 60'000;

  std::array<uint64_t, kCauseCount> by_cause{};
  std::vector<LimitMove> moves;  ///< of services with one instance, the first kMovesMax
};

struct Report {
  Scenario scenario;
  RunResult result;
  std::vector<Decisions> decisions;  ///< by service
  std::vector<Verdict> verdicts;

  bool pass() const noexcept;
};

/// Runs the scenario. Deterministic: the same scenario gives the same report, byte for byte.
Report simulate(Scenario scenario);

/// A table for people; about 100 columns.
std::string to_text(const Report& report);

/// Everything, time lines included, as one object.
std::string to_json(const Report& report);

/// A page that needs nothing but itself, with a plot for each client and service; light or dark as
/// the reader's system.
std::string to_html(const Report& report);

// Shared by the three forms.

/// Seconds from the last fault's end until one second has 99 % good answers; infinite when it never
/// did, nothing when there was no fault.
std::optional<double> recovery_seconds(const Report& report, const ClientResult& client);

}  // namespace weir::sim
