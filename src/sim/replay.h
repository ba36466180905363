// Replay: a recording of the proxy run through any law, and what that law would have done.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/result.h"
#include "sim/spec.h"
#include "weir/base/expected.h"
#include "weir/stats/histogram.h"

namespace weir::sim {

struct ReplayOptions {
  std::string law;       ///< empty: the law that was recorded
  std::string upstream;  ///< empty: the only one, or the first
  uint64_t seed = 1;
};

/// One second of the recording. Rates a second; latencies in seconds, 0 without samples.
struct ReplaySecond {
  double demand = 0;  ///< what arrived, as far as the windows tell
  double good = 0;
  double dropped = 0;  ///< time-outs and overload answers of the service
  double limited = 0;  ///< found the limit reached; some of them waited and were admitted
  double p50 = 0;
  double p99 = 0;
  double mean = 0;
  double limit = 0;     ///< in force, at the end of the second
  double replayed = 0;  ///< what the law answers to the same windows, at the end of the second
};

/// What the recording says of the service: enough to simulate it.
struct ServiceEstimate {
  double service_seconds = 0;  ///< mean latency while the limit was not reached
  double variation = 1;        ///< coefficient of variation of it
  double workers = 0;          ///< at the knee, by Little's law
  bool saturated = false;      ///< the limit was reached; if not, `workers` is only a lower bound
  std::vector<double> speed;   ///< by second; 1 is the usual
};

/// One law before the estimated service, under the recorded demand.
struct WhatIf {
  std::string law;
  double good = 0;     ///< share of what was offered
  double refused = 0;  ///< share of what was offered
  double p50 = 0;      ///< seconds, of good answers
  double p99 = 0;
  std::vector<double> good_by_second;
  std::vector<double> limit_by_second;
};

struct Replay {
  std::string upstream;
  std::string recorded_law;
  std::string law;
  uint64_t decisions = 0;
  uint64_t lost = 0;       ///< not recorded, because the disk was too slow
  bool cut_short = false;  ///< the recording ends in the middle of an entry
  /// Share of the windows after which the replayed law has the very limit that was recorded. With
  /// the recorded law from its beginning this is 1.
  double same_limit = 0;
  bool from_the_start = false;
  std::vector<ReplaySecond> seconds;
  ServiceEstimate service;
  WhatIf recorded_in_model;  ///< the recorded law: how far the model can be trusted
  WhatIf replayed_in_model;
};

/// Reads the recording and runs it. Errors: kConfig for damage, kUsage for a law or upstream that
/// does not exist.
Expected<Replay> replay(std::string_view recording, const ReplayOptions& options);

std::string to_text(const Replay& replay);
std::string to_json(const Replay& replay);
std::string to_html(const Replay& replay);

}  // namespace weir::sim
