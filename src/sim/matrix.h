// The scenario matrix of `weir sim compare`: one row a scenario, each with its targets.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "sim/result.h"
#include "sim/spec.h"

namespace weir::sim {

enum class Sense : uint8_t { kAtLeast, kAtMost };

/// One figure that a scenario is judged by, and the bound it must keep in the worst seed.
struct Target {
  std::string metric;
  Sense sense = Sense::kAtLeast;
  double bound = 0;
};

constexpr bool met(const Target& target, double value) noexcept {
  return target.sense == Sense::kAtLeast ? value >= target.bound : value <= target.bound;
}

/// Scenarios, usually one, with how to judge a run of it: `measure` gives one value for each
/// target.
struct MatrixRow {
  std::string id;
  std::string title;
  ScenarioSpec scenario;
  std::vector<Target> targets;
  std::function<std::vector<double>(const ScenarioSpec&, RunResult&)> measure;
  std::vector<ScenarioSpec> further;  ///< run besides; the worst of all counts in each target
  uint32_t knee = 64;  ///< what an oracle would set: the workers, or where throughput peaks
};

/// How tests name a row.
inline std::ostream& operator<<(std::ostream& out, const MatrixRow& row) {
  return out << row.title;
}

/// All rows, in order. The base service has 64 workers of 20 ms, exponential; clients wait 250 ms.
std::vector<MatrixRow> scenario_matrix();

// Rows of several services, or of many cells.
MatrixRow slow_leaf_row();
MatrixRow metastability_row();
MatrixRow priority_row();
MatrixRow deadline_row();

}  // namespace weir::sim
