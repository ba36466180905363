// A request's way through a World: guard, service, calls of further services, answer.
#include "sim/world_parts.h"

namespace weir::sim {

void World::Node::admitted(QueueEntry& entry, Permit permit) noexcept {
  world.admit(static_cast<Request&>(entry), std::move(permit));
}

void World::Node::refused(QueueEntry& entry, const Rejection& /*rejection*/) noexcept {
  world.refuse(static_cast<Request&>(entry));
}

void World::arrive(Request& request) {
  request.arrived = now_;
  Node& node = *nodes_[request.service];
  if (node.gate == nullptr) return admit(request, Permit());
  Arrival arrival = node.gate->arrive(request, request.context, now_);
  switch (arrival.verdict) {
    case Verdict::kAdmitted: admit(request, std::move(arrival.permit)); return;
    case Verdict::kRejected: refuse(request); return;
    case Verdict::kWaiting: break;
  }
  request.state = Request::State::kWaiting;
  if (!request.is_call)
    events_.push(now_ + clients_[request.client]->spec.timeout, EventKind::kTimeout, request.number,
                 request.generation);
  pump(node);
}

void World::admit(Request& request, Permit permit) {
  request.permit = std::move(permit);
  if (!request.is_call && request.state == Request::State::kFree)
    events_.push(now_ + clients_[request.client]->spec.timeout, EventKind::kTimeout, request.number,
                 request.generation);
  request.state = Request::State::kInService;
  Node& node = *nodes_[request.service];
  node.model.enqueue(request.number);
  start_work(node);
}

void World::refuse(Request& request) {
  if (request.is_call) {
    called(request, false);
    release(request);
    return;
  }
  Client& client = *clients_[request.client];
  ++slice(client).refused;
  if (measured()) {
    ++client.result.measured.refused;
    ++client.result.by_criticality[static_cast<size_t>(request.context.criticality)].refused;
  }
  client_done(request, false);
  release(request);
}

void World::start_work(Node& node) {
  ServiceResult& result = result_.services[node.number];
  while (node.model.can_start()) {
    Request& request = requests_[node.model.dequeue()];
    if (node.peer && request.permit)
      node.peer->observe_wait(now_ - request.permit.admitted_at(), now_);
    const ServiceModel::Job job = node.model.start(now_);
    request.work = job.work;
    ++result.started;
    if (request.abandoned || request.context.deadline.passed(now_)) ++result.started_expired;
    events_.push(job.finish, EventKind::kFinish, request.number);
  }
}

void World::finish_work(Request& request) {
  Node& node = *nodes_[request.service];
  if (measured()) ++result_.services[request.service].completed;
  const auto& calls = spec_.routes[request.context.route].calls;
  const bool has_calls = request.service < calls.size() && !calls[request.service].empty();
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
  for (const uint32_t target : targets) {
    Request& call = allocate();
    call.is_call = true;
    call.parent = request.number;
    call.client = request.client;
    call.service = target;
    call.context = request.context;
    arrive(call);
  }
}

void World::called(Request& call, bool good) {
  Request& parent = requests_[call.parent];
  parent.call_failed |= !good;
  if (--parent.calls_pending > 0) return;
  Node& node = *nodes_[parent.service];
  if (node.spec.holds_worker_during_calls) {
    node.model.release_worker(now_);
    start_work(node);
  }
  answer(parent);
}

// The service's answer is at the guard.
void World::answer(Request& request) {
  const bool good = !request.call_failed;
  complete(request, good ? Outcome::kSuccess : Outcome::kFailure);
  end_attempt(request, good);
}

void World::complete(Request& request, Outcome outcome) {
  Node& node = *nodes_[request.service];
  if (node.gate == nullptr || !request.permit) return;
  if (outcome == Outcome::kSuccess) node.gate->observe_service(now_ - request.permit.admitted_at());
  std::move(request.permit).complete(outcome, now_);
  control(node);
  pump(node);
}

void World::end_attempt(Request& request, bool good) {
  if (request.is_call) {
    called(request, good);
  } else if (!request.abandoned) {
    if (good && measured()) {
      ClientResult& result = clients_[request.client]->result;
      const auto latency = static_cast<float>(to_seconds(now_ - request.arrived));
      result.latency.push_back(latency);
      result.work.push_back(static_cast<float>(to_seconds(request.work)));
      result.latency_by_criticality[static_cast<size_t>(request.context.criticality)].push_back(
          latency);
    }
    client_done(request, good);
  }
  release(request);
}

}  // namespace weir::sim
