// The parts of a World, shared by its source files only.
#pragma once

#include <optional>

#include "sim/gate_peer.h"
#include "sim/world.h"
#include "weir/policy/breaker.h"
#include "weir/policy/retry_budget.h"

namespace weir::sim {

/// Who calls: a client, or one instance of a service towards one that it calls.
struct Caller {
  /// `timeout_lane` is where its time-outs wait.
  Caller(const CallingSpec& spec, uint16_t timeout_lane, Instant now);

  CallingSpec spec;
  uint16_t timeout_lane;
  std::optional<RetryBudget> budget;
  std::optional<Breaker> breaker;
};

/// An instance of a service and the guard before it: the very objects that the proxy uses. Without
/// a guard, `gate` is null.
struct World::Node final : GateSink {
  Node(World& owner, uint32_t place, uint32_t of_service, uint32_t instance,
       const ServiceSpec& service, const GuardSpec& guard, uint64_t seed);

  void admitted(QueueEntry& entry, Permit permit) noexcept override;
  void refused(QueueEntry& entry, const Rejection& rejection) noexcept override;

  World& world;
  const ServiceSpec& spec;
  uint32_t number;
  uint32_t service;
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

  int64_t permits = 0;                                                // that requests hold
  std::vector<std::pair<uint32_t, std::unique_ptr<Caller>>> callers;  // by the service called
};

struct World::Group {
  uint32_t first = 0;  // the number of its first node
  uint32_t count = 1;
  uint32_t next = 0;  // round robin
  uint16_t timeout_lane = 0;
};

struct World::Client {
  Client(const ClientSpec& client, const CallingSpec& calling, uint16_t timeout_lane,
         ClientResult& into, Rng generator)
      : spec(client), caller(calling, timeout_lane, Instant{}), result(into), rng(generator) {}

  /// Who asks: the same in all attempts.
  RequestContext draw_caller();
  Criticality draw_criticality();

  const ClientSpec& spec;
  Caller caller;
  ClientResult& result;
  Rng rng;
  size_t rate_step = 0;
  uint32_t callers = 0;  // so far
  uint64_t open = 0;     // requests begun and not yet ended for the client
  Histogram in_slice;    // what the slice's good answers took
};

}  // namespace weir::sim
