// World: one run of a scenario. Clients, guards made of production policies, and services, in
// virtual time.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sim/arena.h"
#include "sim/event_queue.h"
#include "sim/result.h"
#include "sim/service_model.h"
#include "sim/spec.h"
#include "weir/policy/gate.h"
#include "weir/policy/limiter.h"
#include "weir/policy/policy_stack.h"

namespace weir::sim {

struct Caller;  // the policies of who calls, see world_parts.h

/// A request at one service: a client's attempt, or an attempt of another service to call it.
struct Request final : QueueEntry {
  enum class State : uint8_t {
    kFree,
    kSent,       ///< on its way to the guard
    kWaiting,    ///< in the guard's queue
    kInService,  ///< with a worker, or waiting for one
    kCalling,    ///< waits for its own calls
    kAnswering,  ///< the answer crosses the network
    kBackingOff  ///< a retry that waits for its moment
  };

  RequestContext context;
  Permit permit;
  Caller* caller = nullptr;
  Ticket breaker_ticket;  // of the caller's breaker
  Instant begun{};        // when the client first sent it
  Instant arrived{};      // when this attempt reached the service's guard
  Duration work{};
  uint32_t number = 0;  // its place in the world's table
  uint32_t generation = 0;
  uint32_t client = 0;
  uint32_t service = 0;
  uint32_t node = 0;    // the instance of the service
  uint32_t parent = 0;  // the request that this is a call of
  uint16_t calls_pending = 0;
  uint8_t attempt = 0;
  State state = State::kFree;
  bool is_call = false;     // parent is set
  bool abandoned = false;   // the caller no longer waits
  bool failed = false;      // its own work, or a call of it
  bool in_breaker = false;  // breaker_ticket is set
};

/// Runs one scenario; `guard` stands before each service that names none of its own. Both outlive
/// it. Deterministic: the same spec, guard and seed give the same result on every machine. Asserts
/// all along that nothing is lost: permits, requests, the bounds of limits. Not thread-safe; run
/// many worlds in parallel threads instead.
class World {
 public:
  World(const ScenarioSpec& spec, const GuardSpec& guard, uint64_t seed);
  ~World();

  RunResult run();

  /// Called for every decision of a law, with the number of the service it guards. Set before run.
  std::function<void(uint32_t service, const LimitChange&)> on_decision;

 private:
  struct Node;   // an instance of a service with its guard
  struct Group;  // the instances of a service
  struct Client;

  void add_services(const GuardSpec& guard);
  void schedule_start();
  void dispatch(const Event& event);
  void check_drained();
  uint16_t lane_for(Duration timeout);

  // Clients.
  void schedule_arrival(uint32_t client);
  void send(uint32_t client, Instant begun, uint8_t attempt, const RequestContext& caller);
  void client_succeeded(Request& request);
  void user_thinks(uint32_t client);

  // Any caller.
  Caller& caller_of(const Request& request);
  void try_again(uint32_t request);
  void attempt_failed(Request& request, Outcome outcome);
  bool may_retry(const Request& request);
  void leave_breaker(Request& request, Outcome outcome);
  void time_out(Request& request);

  // Requests through a guard into a service and back.
  void arrive(Request& request);
  void enter_service(Request& request, Permit permit);
  void refuse(Request& request, const Rejection& rejection);
  void start_work(Node& node);
  void finish_work(Request& request);
  void make_calls(Request& request);
  void call(const Request& parent, uint32_t service, uint8_t attempt);
  void call_ended(Request& parent, bool good);
  void answer(Request& request);
  void complete(Request& request, Outcome outcome);
  uint32_t pick_instance(uint32_t service);

  // Control.
  void control(Node& node);
  void pump(Node& node);
  void tick(uint32_t node);
  void sample_slices();
  void check_guards();
  void check_requests();

  // Counting.
  void count_refusal(const Request& request, const Rejection& rejection);
  void count_latency(const Request& request);

  Request& allocate();
  void release(Request& request);
  uint64_t alive() const noexcept { return requests_.size() - free_.size(); }
  bool stale(const Event& event) { return requests_[event.target].generation != event.generation; }
  bool measured() const noexcept { return now_ >= spec_.measure_begin && now_ < spec_.measure_end; }
  Tally& slice(Client& client);

  const ScenarioSpec& spec_;
  const GuardSpec& guard_;
  Rng rng_;
  Rng balancing_rng_{0};
  Instant now_{};
  Instant next_slice_{};
  EventQueue events_;
  Arena<Request> requests_;
  std::vector<uint32_t> free_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Group> groups_;
  std::vector<std::pair<Duration, uint16_t>> lanes_;  // of time-outs, by their length
  std::vector<std::unique_ptr<Client>> clients_;
  size_t next_checked_ = 0;  // the node whose invariants are looked at next
  bool draining_ = false;
  RunResult result_;
};

}  // namespace weir::sim
