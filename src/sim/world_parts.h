// The parts of a World, shared by its source files only.
#pragma once

#include "sim/gate_peer.h"
#include "sim/world.h"

namespace weir::sim {

/// A service and the guard before it: the very objects that the proxy uses. Without a guard, `gate`
/// is null.
struct World::Node final : GateSink {
  Node(World& owner, uint32_t place, const ServiceSpec& service, const GuardSpec& guard,
       uint64_t seed);

  void admitted(QueueEntry& entry, Permit permit) noexcept override;
  void refused(QueueEntry& entry, const Rejection& rejection) noexcept override;

  World& world;
  const ServiceSpec& spec;
  uint32_t number;
  ServiceModel model;
  std::shared_ptr<Limiter> limiter;
  std::shared_ptr<GatePeer> peer;
  std::shared_ptr<PolicyStack> stack;
  std::unique_ptr<Gate> gate;
  Instant wake_at = kInstantMax;  // the earliest kWake event on its way

  /// Share of the worker time since the last window that was spent on work: the CPU, in services
  /// that are bound by it.
  double cpu_used_ratio(Instant now) noexcept;
  Instant window_begin{};
  double busy_at_begin = 0;
};

struct World::Client {
  Client(const ClientSpec& client, ClientResult& into, Rng generator)
      : spec(client), result(into), rng(generator) {}

  const ClientSpec& spec;
  ClientResult& result;
  Rng rng;
  size_t rate_step = 0;
  size_t burst_step = 0;
  double retry_tokens = 0;
  uint32_t callers = 0;  // so far
};

}  // namespace weir::sim
