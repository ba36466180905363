// Options of one upstream: who it is, and the policies that guard it. Each is documented where it
// stands; the defaults are what `weir proxy` uses.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/tls.h"
#include "proxy/balancer.h"
#include "weir/base/time.h"
#include "weir/policy/backoff.h"
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

/// Active health checks.
struct HealthOptions {
  std::string path = "/";  ///< asked with GET; 2xx passes
  Duration interval = std::chrono::seconds(5);
  Duration timeout = std::chrono::seconds(1);
  uint32_t unhealthy_after = 3;  ///< failed checks in a row
  uint32_t healthy_after = 2;    ///< passed checks in a row
};

/// When a request is sent again; see retry_policy.h. The defaults repeat what never reached the
/// service, and nothing else.
struct RetryOptions {
  int tries_max = 3;               ///< in all, the first included; 1: never again
  bool on_connect_failure = true;  ///< no connection, or a refused stream
  bool on_reset = false;           ///< the connection ended before the answer did
  bool on_timeout = false;         ///< no answer within try_timeout
  std::vector<uint16_t> statuses;  ///< answers of these
  Backoff backoff;                 ///< full jitter
  Duration try_timeout{};          ///< for each try; zero: Timeouts::response bounds it
  Duration pushback_max = std::chrono::seconds(5);  ///< a longer Retry-After ends the trying
  /// Of a request that may have to be sent again, at most; a larger body is sent once.
  size_t body_max = 64 * 1024;

  bool has_status(uint16_t status) const noexcept {
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
  }
  /// Whether more than a lost connection is repeated, so that a body must be kept.
  bool repeats_work() const noexcept {
    return tries_max > 1 && (on_reset || on_timeout || !statuses.empty());
  }
};

/// One service as routes name it.
struct UpstreamOptions {
  /// How routes, metrics and refusals name it; empty: the first target's authority.
  std::string name;
  /// Its endpoints: http://, h2c://, https:// or h2s://HOST:PORT, or unix:/path; at least one.
  std::vector<std::string> targets;
  /// For https:// and h2s:// targets.
  net::TlsClientOptions tls;
  /// 1 or 2: every connection to it begins with a PROXY protocol header of that version that names
  /// the caller, and serves that caller's one exchange only. 0: none. Not for HTTP/2.
  uint8_t proxy_protocol = 0;

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

  BalanceOptions balance;
  std::optional<HealthOptions> health;  ///< none: only traffic tells how endpoints are
  std::string hash_header;              ///< the ring's key; empty: the caller's address

  RetryOptions retry;
  /// Whether the credits that it sends on its answers bound what is sent to it.
  bool credits = false;

  /// What pays for retries.
  RetryBudget::Options retry_budget;

  /// Connections to one endpoint a worker, at most (pool_full beyond).
  uint32_t connections_max = 10'000;
  /// Idle connections kept to one endpoint a worker.
  uint32_t idle_max = 256;
};

}  // namespace weir::proxy
