// The process around a Load: its loop, its progress line, its report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/load.h"
#include "lab/load_report.h"

namespace weir::lab {

struct LoadRunOptions {
  std::string url;
  std::vector<Phase> phases;
  Arrivals arrivals = Arrivals::kPoisson;
  ClientHabits habits;
  size_t connections_max = HttpClient::kConnectionsMax;
  Duration bucket = std::chrono::seconds(1);
  uint64_t seed = 1;
  size_t body_bytes = 0;  ///< above zero: POSTs with such a body
  bool allow_remote = false;
  bool json = false;
};

/// The most time and the most requests of one run, so that a typing error cannot run for a week.
inline constexpr Duration kLoadLengthMax = std::chrono::hours(1);
inline constexpr double kLoadCountMax = 20e6;

/// Runs the plan, shows progress on stderr if that is a terminal, prints the report on stdout.
/// SIGINT or SIGTERM ends it early, with the report of what there is. Errors: kUsage for a bad URL,
/// a target that is not this machine, or a plan beyond the bounds; kUnavailable for an unknown
/// host.
Expected<void> run_load(const LoadRunOptions& options);

/// A target as a person writes it: http://HOST[:PORT][/PATH].
struct Target {
  net::Address address;
  std::string request;  ///< the whole message
};
Expected<Target> parse_target(const std::string& url, bool allow_remote, size_t body_bytes = 0);

/// The largest body of a request; each one under way holds a copy in the kernel at most.
inline constexpr size_t kLoadBodyMax = 16 << 20;

}  // namespace weir::lab
