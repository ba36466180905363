// Who takes part in `weir sim compare`.
#pragma once

#include <string>
#include <vector>

#include "sim/spec.h"

namespace weir::sim {

/// A published way to guard a service, at its documented defaults (first) and at the settings of
/// its grid. For each figure the best setting counts.
struct Contestant {
  std::string name;
  std::vector<GuardSpec> settings;
};

/// A guard that runs the registered law of this name behind our admission queue, its clients on our
/// retry budget.
GuardSpec guard_of_law(const std::string& law);

/// Ours, in the one fixed configuration that the proxy uses.
GuardSpec ours();

/// The published laws. Defaults have no queue and no retry budget, as their libraries; the grid
/// adds ours and varies what their documentation says to tune.
std::vector<Contestant> peers();

/// What knows the answer or does nothing: no guard at all, and the right fixed limit without and
/// with our queue, which sheds by CoDel. Shown for orientation, never counted as a peer. `workers`
/// is the true knee.
std::vector<Contestant> yardsticks(uint32_t workers);

}  // namespace weir::sim
