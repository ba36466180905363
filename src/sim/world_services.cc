// A request's way through a World: guard, service, calls of further services, answer.
#include "sim/world_parts.h"

namespace weir::sim {

void World::Node::admitted(QueueEntry& entry, Permit permit) noexcept {
  world.enter_service(static_cast<Request&>(entry), std::move(permit));
}

void World::Node::refused(QueueEntry& entry, const Rejection& rejection) noexcept {
  world.refuse(static_cast<Request&>(entry), rejection);
}

uint32_t World::pick_instance(uint32_t service) {
  Group& group = groups_[service];
  if (group.count == 1) return group.first;
  switch (spec_.services[service].balancing) {
    case Balancing::kRoundRobin: return group.first + group.next++ % group.count;
    case Balancing::kRandom: break;
    case Balancing::kLeastOfTwo: {
      const auto one = group.first + static_cast<uint32_t>(balancing_rng_.below(group.count));
      const auto two = group.first + static_cast<uint32_t>(balancing_rng_.below(group.count));
      return nodes_[two]->model.inside() < nodes_[one]->model.inside() ? two : one;
    }
  }
  return group.first + static_cast<uint32_t>(balancing_rng_.below(group.count));
}

void World::arrive(Request& request) {
  request.arrived = now_;
  request.node = pick_instance(request.service);
  Caller& caller = caller_of(request);
  request.caller = &caller;
  if (caller.breaker) {
    const auto ticket = caller.breaker->admit(request.context, now_);
    if (!ticket) return refuse(request, ticket.error());
    request.breaker_ticket = *ticket;
    request.in_breaker = true;
  }
  Node& node = *nodes_[request.node];
  const bool waits_for_ever = request.is_call && caller.timeout_lane == 0;
  const auto await = [&] {
    if (waits_for_ever) return;
    events_.push_to_lane(caller.timeout_lane, now_ + caller.spec.timeout, EventKind::kTimeout,
                         request.number, request.generation);
  };
  if (node.gate == nullptr) {
    await();
    return enter_service(request, Permit());
  }
  Arrival arrival = node.gate->arrive(request, request.context, now_);
  switch (arrival.verdict) {
    case Verdict::kAdmitted: await(); return enter_service(request, std::move(arrival.permit));
    case Verdict::kRejected: return refuse(request, arrival.rejection);
    case Verdict::kWaiting: break;
  }
  request.state = Request::State::kWaiting;
  await();
  pump(node);
}

void World::enter_service(Request& request, Permit permit) {
  Node& node = *nodes_[request.node];
  if (permit) ++node.permits;
  request.permit = std::move(permit);
  request.state = Request::State::kInService;
  node.model.enqueue(request.number);
  start_work(node);
}

void World::refuse(Request& request, const Rejection& rejection) {
  count_refusal(request, rejection);
  attempt_failed(request, Outcome::kDropped);
  release(request);
}

void World::start_work(Node& node) {
  ServiceResult& result = result_.services[node.service];
  while (node.model.can_start()) {
    Request& request = requests_[node.model.dequeue()];
    if (node.peer && request.permit)
      node.peer->observe_wait(now_ - request.permit.admitted_at(), now_);
    const ServiceModel::Job job = node.model.start(now_, request.context.cost);
    request.work = job.work;
    request.failed = job.fails;
    ++result.started;
    if (request.abandoned || request.context.deadline.passed(now_)) ++result.started_expired;
    events_.push(job.finish, EventKind::kFinish, request.number);
  }
}

void World::finish_work(Request& request) {
  Node& node = *nodes_[request.node];
  if (measured()) ++result_.services[request.service].completed;
  const auto& calls = spec_.routes[request.context.route].calls;
  const bool has_calls =
      !request.failed && request.service < calls.size() && !calls[request.service].empty();
  if (!has_calls || !node.spec.holds_worker_during_calls) {
    node.model.release_worker(now_);
    start_work(node);
  }
  if (has_calls) return make_calls(request);
  if (node.spec.network > Duration{}) {
    request.state = Request::State::kAnswering;
    events_.push(now_ + 2 * node.spec.network, EventKind::kAnswer, request.number);
    return;
  }
  answer(request);
}

void World::make_calls(Request& request) {
  request.state = Request::State::kCalling;
  const auto& targets = spec_.routes[request.context.route].calls[request.service];
  request.calls_pending = static_cast<uint16_t>(targets.size());
  for (const uint32_t target : targets) call(request, target, 0);
}

void World::call(const Request& parent, uint32_t service, uint8_t attempt) {
  Request& call = allocate();
  call.is_call = true;
  call.parent = parent.number;
  call.client = parent.client;
  call.service = service;
  call.attempt = attempt;
  call.begun = now_;
  call.context = parent.context;
  arrive(call);
}

void World::call_ended(Request& parent, bool good) {
  parent.failed |= !good;
  if (--parent.calls_pending > 0) return;
  Node& node = *nodes_[parent.node];
  if (node.spec.holds_worker_during_calls) {
    node.model.release_worker(now_);
    start_work(node);
  }
  answer(parent);
}

// The service's answer is at the guard.
void World::answer(Request& request) {
  const bool good = !request.failed;
  complete(request, good ? Outcome::kSuccess : Outcome::kFailure);
  if (!request.abandoned && good) {
    leave_breaker(request, Outcome::kSuccess);
    if (request.caller->budget) request.caller->budget->deposit(now_);
    request.is_call ? call_ended(requests_[request.parent], true) : client_succeeded(request);
  } else if (!request.abandoned) {
    attempt_failed(request, Outcome::kFailure);
  }
  release(request);
}

void World::complete(Request& request, Outcome outcome) {
  Node& node = *nodes_[request.node];
  if (node.gate == nullptr || !request.permit) return;
  if (outcome == Outcome::kSuccess) node.gate->observe_service(now_ - request.permit.admitted_at());
  --node.permits;
  std::move(request.permit).complete(outcome, now_);
  control(node);
  pump(node);
}

}  // namespace weir::sim
