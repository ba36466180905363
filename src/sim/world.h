// World: one run of a scenario. Clients, guards made of production policies, and services, in
// virtual time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "sim/event_queue.h"
#include "sim/result.h"
#include "sim/service_model.h"
#include "sim/spec.h"
#include "weir/policy/gate.h"
#include "weir/policy/limiter.h"
#include "weir/policy/policy_stack.h"

namespace weir::sim {

/// A request at one service: a client's attempt, or the call of another service.
struct Request final : QueueEntry {
  enum class State : uint8_t { kFree, kWaiting, kInService, kCalling, kAnswering };

  RequestContext context;
  Permit permit;
  Instant begun{};    // when the client first sent it
  Instant arrived{};  // when this attempt reached the service's guard
  Duration work{};
  uint32_t number = 0;  // its place in the world's table
  uint32_t generation = 0;
  uint32_t client = 0;
  uint32_t service = 0;
  uint32_t parent = 0;
  uint16_t calls_pending = 0;
  uint8_t attempt = 0;
  State state = State::kFree;
  bool is_call = false;    // parent is set
  bool abandoned = false;  // the client no longer waits
  bool call_failed = false;
};

/// Runs one scenario with one guard before each service; both outlive it. Deterministic: the same
/// spec, guard and seed give the same result on every machine. Asserts all along that no permit is
/// lost. Not thread-safe; run many worlds in parallel threads instead.
class World {
 public:
  World(const ScenarioSpec& spec, const GuardSpec& guard, uint64_t seed);
  ~World();

  RunResult run();

  /// Called for every decision of a law, with the number of the service it guards. Set before run.
  std::function<void(uint32_t service, const LimitChange&)> on_decision;

 private:
  struct Node;  // a service with its guard
  struct Client;

  void schedule_start();
  void dispatch(const Event& event);

  // Clients.
  void client_arrival(uint32_t client);
  void schedule_arrival(uint32_t client);
  void send(uint32_t client, Instant begun, uint8_t attempt, const RequestContext& caller);
  void client_done(Request& request, bool good);
  void retry_or_give_up(Request& request);
  void time_out(uint32_t request);
  RequestContext draw_caller(Client& client);
  Criticality draw_criticality(Client& client);
  void user_thinks(uint32_t client);

  // Requests through a guard into a service and back.
  void arrive(Request& request);
  void admit(Request& request, Permit permit);
  void refuse(Request& request);
  void enter_service(Request& request);
  void start_work(Node& node);
  void finish_work(Request& request);
  void make_calls(Request& request);
  void answer(Request& request);
  void complete(Request& request, Outcome outcome);
  void called(Request& call, bool good);
  void end_attempt(Request& request, bool good);

  // Control.
  void control(Node& node);
  void pump(Node& node);
  void tick(uint32_t node);
  void sample_slices();

  Request& allocate();
  void release(Request& request);
  bool measured() const noexcept { return now_ >= spec_.measure_begin && now_ < spec_.measure_end; }
  Tally& slice(Client& client);

  const ScenarioSpec& spec_;
  const GuardSpec& guard_;
  Rng rng_;
  Instant now_{};
  Instant next_slice_{};
  EventQueue events_;
  std::deque<Request> requests_;
  std::vector<uint32_t> free_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Client>> clients_;
  RunResult result_;
};

}  // namespace weir::sim
