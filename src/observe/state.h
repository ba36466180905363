// What a host tells about itself to whoever asks on the admin address: plain records, no policy
// types.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/time.h"

namespace weir::observe {

/// One thing that can refuse work, as /api/state shows it.
struct ComponentState {
  std::string kind{};      ///< limiter, queue, breaker, bulkhead, retry_budget, pool
  std::string upstream{};  ///< the upstream it protects
  std::string name{};      ///< which one, where there are several (a bulkhead's name); else empty
  std::string state{};     ///< a word where there are states: closed, open, half_open, fifo, lifo
  double value = 0;        ///< how much is used now, in the component's unit
  std::optional<double> bound{};  ///< how much may be used; none: unbounded by this component
  std::string unit{};             ///< requests, connections, ratio
  std::string why{};              ///< one sentence: why the bound, or the state, is what it is
  std::vector<std::pair<std::string, double>>
      figures{};  ///< further numbers, named with their unit
};

/// Implemented by the host; may be called from the admin thread at any time, so implementations
/// read atomics or copies only.
class StateProvider {
 public:
  virtual ~StateProvider() = default;

  /// Every limiter, queue, breaker and bulkhead.
  virtual std::vector<ComponentState> components() const = 0;

  /// True from the moment the host begins to shut down: readiness fails then, and only then.
  virtual bool draining() const noexcept = 0;

  /// True when the host decides and counts but refuses nobody.
  virtual bool dry_run() const noexcept = 0;

  /// Every route with the upstream it leads to; empty: there is one upstream for all.
  virtual std::vector<std::pair<std::string, std::string>> routes() const { return {}; }

  /// How long the event loop that is worst off has not come round. Liveness is the heartbeat of the
  /// loops, and nothing else: killing a process because it is overloaded makes the overload worse.
  virtual Duration stalled_for() const noexcept { return Duration::zero(); }
};

}  // namespace weir::observe
