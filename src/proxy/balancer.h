// Balancer: which endpoint of an upstream the next request goes to. Pure arithmetic on what is
// told: no sockets, no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "weir/base/outcome.h"
#include "weir/base/rng.h"
#include "weir/base/time.h"

namespace weir::proxy {

enum class BalancePolicy : uint8_t {
  kPeakEwma,      ///< two at random, the one with less in flight × latency
  kLeastRequest,  ///< two at random, the one with less in flight
  kRoundRobin,    ///< in turn
  kRingHash,      ///< the same key to the same endpoint, as long as it is there
};

/// When an endpoint that fails among others that do not is left alone.
struct EjectionOptions {
  uint32_t failures = 5;                     ///< in a row; 0 turns ejection off
  Duration base = std::chrono::seconds(10);  ///< doubles with each ejection in a row
  Duration max = std::chrono::seconds(300);
  /// Of the endpoints, at most, rounded down; so of one endpoint none, of two one at the default.
  double share_max = 0.5;
};

struct BalanceOptions {
  BalancePolicy policy = BalancePolicy::kPeakEwma;
  EjectionOptions ejection;
  /// When fewer than this share of the endpoints are neither ejected nor unhealthy, that is
  /// ignored: then the fault is likely to be in how they are judged, and the few that are left
  /// would be run over.
  double panic_share = 0.5;
  /// For so long an endpoint that comes back gets less than its share, beginning with a tenth.
  Duration slow_start = std::chrono::seconds(10);
};

/// How one try at an endpoint ended.
struct TryResult {
  Outcome outcome = Outcome::kIgnored;
  Duration latency{};
  bool timed_out = false;  ///< there was no answer
};

/// Peak EWMA (Finagle, linkerd): a latency that jumps up at once and comes down slowly, so that one
/// slow answer is noticed and several good ones are needed to forget it. Here it comes down to the
/// mean of all endpoints and not to zero, so that an endpoint nobody asked for a while is tried by
/// some and not by all. And latency is divided by the share of tries that succeeded: what is
/// compared is the time a success takes, so an endpoint is never drawn from because it fails or
/// refuses fast.
///
/// Ejection counts failures of the service's own, resets and time-outs, not answers of overload:
/// those lower the share of successes, which moves load away in proportion. An endpoint that
/// accepts no connection is left alone for a second, doubling up to ten, and is chosen only when
/// nothing else is left.
///
/// One a worker; not thread-safe. choose takes constant time but for the ring (log n), and when
/// endpoints are not available (n).
class Balancer {
 public:
  Balancer(const BalanceOptions& options, size_t endpoints);

  /// The endpoint for the next try; `hash` matters to the ring only. begin() must follow.
  size_t choose(uint64_t hash, Instant now, Rng& rng) noexcept;
  /// A try at it begins; it ends by end().
  void begin(size_t endpoint) noexcept { ++states_[endpoint].inflight; }
  void end(size_t endpoint, const TryResult& result, Instant now) noexcept;

  void connected(size_t endpoint, Instant now) noexcept;
  void connect_failed(size_t endpoint, Instant now) noexcept;
  /// By active health checks.
  void set_healthy(size_t endpoint, bool healthy, Instant now) noexcept;
  /// What the endpoint says of its own load (ORCA): requests a second it serves, and the share of
  /// its capacity that this takes. Its weight is their quotient (gRFC A58). Utilization ≤ 0 is
  /// ignored.
  void report_load(size_t endpoint, double rps, double utilization, Instant now) noexcept;

  // What is known of an endpoint.
  uint32_t inflight(size_t endpoint) const noexcept { return states_[endpoint].inflight; }
  bool ejected(size_t endpoint, Instant now) const noexcept {
    return states_[endpoint].ejected_until > now;
  }
  bool down(size_t endpoint, Instant now) const noexcept {
    return states_[endpoint].down_until > now;
  }
  size_t ejected_count(Instant now) const noexcept;
  /// What the policy compares; seconds for kPeakEwma.
  double cost(size_t endpoint, Instant now) const noexcept;
  size_t size() const noexcept { return states_.size(); }

 private:
  struct State {
    uint32_t inflight = 0;
    double latency = 0;  // seconds; 0 before the first success
    Instant latency_at{};
    double success = 1;  // share of tries, of late
    Instant success_at{};
    uint32_t failures = 0;   // in a row
    uint32_t ejections = 0;  // in a row
    Instant ejected_until{};
    uint32_t connect_failures = 0;
    Instant down_until{};
    bool healthy = true;
    Instant returned_at = Instant::min();  // to service, after having been away
    double weight = 0;                     // of its load reports; 0: none
    Instant weight_at{};
  };
  struct RingPoint {
    uint64_t hash;
    uint32_t endpoint;
    friend bool operator<(const RingPoint& a, const RingPoint& b) noexcept {
      return a.hash < b.hash;
    }
  };

  bool usable(const State& state, Instant now) const noexcept;
  void refresh(Instant now) noexcept;
  size_t pick_of_two(Instant now, Rng& rng) const noexcept;
  size_t pick_in_turn(Instant now) noexcept;
  size_t pick_by_hash(uint64_t hash, Instant now) const noexcept;
  size_t least_bad(Instant now) const noexcept;
  double latency_of(const State& state, Instant now) const noexcept;
  double success_of(const State& state, Instant now) const noexcept;
  void eject(State& state, Instant now) noexcept;

  BalanceOptions options_;
  std::vector<State> states_;
  std::vector<RingPoint> ring_;
  double mean_latency_ = 0;  // of all successes, seconds
  double mean_weight_ = 0;
  size_t turn_ = 0;
  bool panic_ = false;
  bool all_usable_ = true;   // as of checked_until_'s last check
  Instant checked_until_{};  // nothing that time changes happens before this
};

}  // namespace weir::proxy
