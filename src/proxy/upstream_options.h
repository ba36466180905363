// Options of one upstream: who it is, and the policies that guard it. Each is documented where it
// stands; the defaults are what `weir proxy` uses.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weir/base/time.h"
#include "weir/policy/breaker.h"
#include "weir/policy/retry_budget.h"

namespace weir::proxy {

/// The queue before the limiter; see weir::AdmissionQueue.
struct QueueOptions {
  uint32_t depth_max = 1000;  ///< entries a worker; 0 turns the queue off
  /// Entries of all workers while the limit is small: at the start, and before small services, a
  /// burst is wider than the limit. A queue that stands is shed by its waiting time, whatever its
  /// depth.
  uint32_t depth_min = 64;
  Duration wait_max = std::chrono::milliseconds(100);
};

/// One service as routes name it.
struct UpstreamOptions {
  /// How routes, metrics and refusals name it; empty: the first target's authority.
  std::string name;
  /// Its endpoints, "http://HOST:PORT" or "unix:/path"; at least one.
  std::vector<std::string> targets;

  /// The control law by its registered name, and the bounds it moves in.
  std::string law = "elastic";
  uint32_t limit_min = 1;
  uint32_t limit_max = 10'000;
  uint64_t seed = 1;  ///< for laws that use randomness

  QueueOptions queue;

  /// None: no breaker. It is off by default, because it turns a service that fails half of its
  /// calls into one that fails all of them; overload is the limiter's business, and an endpoint
  /// that fails among others that do not is ejected.
  std::optional<Breaker::Options> breaker;

  /// What pays for retries.
  RetryBudget::Options retry_budget;

  /// Connections to one endpoint a worker, at most (pool_full beyond).
  uint32_t connections_max = 10'000;
  /// Idle connections kept to one endpoint a worker.
  uint32_t idle_max = 256;
};

}  // namespace weir::proxy
