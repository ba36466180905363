// Scenario: a simulation read from a file.
#pragma once

#include <string>
#include <vector>

#include "sim/spec.h"
#include "weir/base/expected.h"

namespace weir::sim {

/// Instances of all services together, at most; each costs about 20 KiB and ticks of its law.
inline constexpr uint32_t kInstancesMax = 10'000;

/// What the file says must come out. A figure that is not asked for has its default.
struct Expectation {
  uint32_t client = 0;
  Instant from{};
  Instant to{};
  double good_min = 0;      ///< share of what was offered, 0–1
  double refused_max = 1;   ///< share of attempts that guards refused, 0–1
  double attempts_max = 0;  ///< attempts for each request offered; 0: any
  Duration p99_max{};       ///< of good answers in the measured stretch; zero: any
  /// From `from` until goodput of one second is 99 % of what was offered; zero: any.
  Duration recovery_max{};
};

struct Scenario {
  std::string name;  ///< of the file
  uint64_t seed = 1;
  ScenarioSpec spec;
  GuardSpec guard;  ///< before each service that names none
  std::vector<Expectation> expectations;
};

/// Reads a scenario. The error, of kind kConfig, has every mistake of the text with file, line,
/// column, the line itself and, for names, the nearest that exists.
Expected<Scenario> parse_scenario(const std::string& name, const std::string& text);

/// The same from a file; kUnavailable when it cannot be read.
Expected<Scenario> load_scenario(const std::string& path);

/// The JSON schema of a scenario file.
std::string scenario_schema();

}  // namespace weir::sim
