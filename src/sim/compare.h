// compare: guards against the matrix, seed by seed, worst seed first.
#pragma once

#include <string>
#include <vector>

#include "sim/matrix.h"
#include "sim/spec.h"

namespace weir::sim {

/// What one guard reached in one row: for each target the worst and the mean over the seeds.
struct Score {
  std::vector<double> worst;
  std::vector<double> mean;
};

/// Runs a guard through a row for the seeds 1 … seed_count, on up to `threads` threads.
Score score(const MatrixRow& row, const GuardSpec& guard, int seed_count, int threads);

/// A guard that runs the registered law of this name with the default queue.
GuardSpec guard_of_law(const std::string& law);

}  // namespace weir::sim
