// What a simulation consists of: plain values, filled by the scenario matrix or from a file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/base/time.h"
#include "weir/control/limit.h"
#include "weir/policy/admission_queue.h"
#include "weir/policy/breaker.h"
#include "weir/policy/criticality.h"

namespace weir {
class Limiter;
}

namespace weir::sim {

/// The distribution of the work that one request costs.
struct ServiceTime {
  enum class Kind : uint8_t { kConstant, kExponential, kBimodal, kLognormal };
  Kind kind = Kind::kExponential;
  Duration mean = std::chrono::milliseconds(20);
  double slow_share = 0.1;  ///< bimodal: share of slow requests
  double slow_ratio = 10;   ///< bimodal: a slow one costs this many fast ones
  double sigma = 1;         ///< lognormal: standard deviation of the logarithm
};

template <typename T>
struct Step {
  Instant at{};
  T value{};
};

/// From `begin` to `end` an instance works at `speed` times its normal pace; 0 is a pause.
struct Slowdown {
  Instant begin{};
  Instant end{};
  double speed = 1;
  uint32_t instances = 0;  ///< only the first so many; 0: all
};

/// From `begin` to `end` this share of the work ends in an error, after its usual time.
struct FailureSpan {
  Instant begin{};
  Instant end{};
  double share = 1;
  uint32_t instances = 0;  ///< only the first so many; 0: all
};

/// Workers lost or added.
struct WorkersStep {
  Instant at{};
  uint32_t value = 0;
  uint32_t instances = 0;  ///< only the first so many; 0: all
};

/// Gunther's universal scalability law (2007): with n requests inside, a request costs
/// 1 + serial·(n − 1) + coherency·n·(n − 1) times its work, however many workers there are.
struct Scalability {
  double serial = 0;     ///< σ: what has to queue for one place
  double coherency = 0;  ///< κ: what every pair costs; throughput peaks at √((1 − σ)/κ)
};

/// Beyond `above` requests inside for each worker, work costs `factor` times as much: memory that
/// swaps, a cache that no longer holds the working set, a pool that times out.
struct Thrashing {
  double above = 0;  ///< 0: never
  double factor = 1;
};

/// In every `period` the service runs for `share` of it and then stands still: a CPU quota at its
/// harshest.
struct CpuQuota {
  Duration period{};  ///< zero: no quota
  double share = 1;
};

class GatePeer;

/// What stands in front of a service. Without `law` and without `gate` there is no guard at all.
struct GuardSpec {
  std::string name = "none";
  std::function<std::unique_ptr<Limit>(uint64_t seed)> law;
  uint32_t limit_min = 1;
  uint32_t limit_max = 100'000;
  /// A published scheme that decides at the door, before the limiter if there is one.
  std::function<std::shared_ptr<GatePeer>(std::shared_ptr<const Limiter>)> gate;
  bool queue = true;  ///< the admission queue; false refuses at once
  AdmissionQueue::Options queue_options;
  /// Retries that a success earns its client, see RetryBudget; 0: they are unbounded. Counts for
  /// the clients only when this guards the entry.
  double retry_budget = 0;
  std::optional<Breaker::Options> breaker;
  /// The most that one route may have in flight here, by number of the route; 0: no bound of its
  /// own.
  std::vector<uint32_t> bulkheads;
};

/// How a service calls others. Calls carry the deadline of the request that they belong to.
struct CallingSpec {
  Duration timeout{};  ///< of one attempt; zero: as long as it takes
  int retries = 0;
  Duration backoff = std::chrono::milliseconds(25);  ///< base, doubled each time, full jitter
  double retry_budget = 0;                           ///< retries that a success earns; 0: unbounded
  std::optional<Breaker::Options> breaker;           ///< one for each service called
};

/// Which instance of a service is sent a request.
enum class Balancing : uint8_t {
  kRoundRobin,
  kRandom,
  kLeastOfTwo,  ///< of two at random, the one with fewer requests inside; knows all callers' share
};

/// One service of the topology. Each instance has its own workers and its own guard.
struct ServiceSpec {
  std::string name = "service";
  uint32_t instances = 1;
  Balancing balancing = Balancing::kLeastOfTwo;
  uint32_t workers = 64;
  ServiceTime time;
  /// With n requests inside and K workers a request costs 1 + contention·max(0, n/K − 1) times its
  /// work: locks, caches, context switches. 0: none.
  double contention = 0;
  Scalability scalability;
  Thrashing thrashing;
  CpuQuota quota;
  std::vector<Slowdown> slowdowns;
  std::vector<FailureSpan> failures;
  std::vector<WorkersStep> workers_steps;
  std::vector<Step<ServiceTime>> time_steps;  ///< the mix of requests changes
  Duration network{};                         ///< one way, between the guard and the service
  bool holds_worker_during_calls = false;     ///< a thread for each request, waiting for its calls
  std::optional<GuardSpec> guard;             ///< unset: the World's
  CallingSpec calling;
};

/// Which services a request visits: `calls[i]` are made in parallel when service i has done its own
/// part. Empty vectors are leaves.
struct RouteSpec {
  std::string name = "all";
  uint32_t entry = 0;
  std::vector<std::vector<uint32_t>> calls;
};

struct ClientSpec {
  std::string name = "client";
  uint32_t route = 0;
  /// Open loop: Poisson arrivals at this rate per second from the step's instant on.
  std::vector<Step<double>> rate;
  /// That many requests at the same instant, besides the rate.
  std::vector<Step<uint32_t>> bursts;
  /// Closed loop: so many users, each with an exponential pause between answer and next request.
  uint32_t users = 0;
  Duration think = std::chrono::milliseconds(100);
  Duration timeout = std::chrono::milliseconds(250);
  int retries = 0;
  Duration backoff = std::chrono::milliseconds(25);  ///< base, doubled each time, full jitter
  double retry_budget = 0;  ///< as in CallingSpec; 0: the guard's of the entry
  std::optional<Breaker::Options> breaker;
  bool tells_deadline = true;  ///< the guard knows the time-out as a deadline
  uint32_t tenant = 0;
  uint32_t cost = 1;  ///< of one request: in the limit and, as a factor, in work
  /// Shares of the four criticalities, most critical first; all requests are critical when empty.
  std::vector<double> mix;
};

struct ScenarioSpec {
  std::string name;
  std::vector<ServiceSpec> services{1};
  std::vector<RouteSpec> routes{1};
  std::vector<ClientSpec> clients{1};
  Instant measure_begin{};
  Instant measure_end{};  ///< latencies and totals are taken of requests that began in between
  Instant end{};
  /// Keep every latency, so that quantiles are exact; else a histogram alone, within 1.1 %.
  bool exact_latencies = true;
  /// After `end` nothing new begins, and the run goes on until every request has ended: nothing may
  /// be left anywhere then (asserted).
  bool drains = false;
};

}  // namespace weir::sim
