// The callers of a World: when requests begin, how long anybody waits, and who tries again.
#include <cmath>

#include "sim/world_parts.h"
#include "weir/policy/priority_gate.h"

namespace weir::sim {

void World::schedule_arrival(uint32_t number) {
  Client& client = *clients_[number];
  const auto& steps = client.spec.rate;
  Instant from = now_;
  // Exponential gaps have no memory, so at a change of the rate the draw simply starts anew.
  while (client.rate_step < steps.size()) {
    const auto& step = steps[client.rate_step];
    const Instant until =
        client.rate_step + 1 < steps.size() ? steps[client.rate_step + 1].at : kInstantMax;
    from = std::max(from, step.at);
    if (step.value > 0 && from < until) {
      const Instant at = from + from_seconds(client.rng.exponential(1 / step.value));
      if (at < until) return events_.push(at, EventKind::kArrival, number);
    }
    ++client.rate_step;
    from = until;
  }
}

void World::user_thinks(uint32_t number) {
  Client& client = *clients_[number];
  const double pause = client.rng.exponential(to_seconds(client.spec.think));
  events_.push(now_ + from_seconds(pause), EventKind::kArrival, number, /*generation=*/1);
}

Criticality World::Client::draw_criticality() {
  const auto& mix = spec.mix;
  if (mix.empty()) return Criticality::kCritical;
  double left = rng.uniform();
  for (size_t i = 0; i + 1 < mix.size(); ++i) {
    left -= mix[i];
    if (left < 0) return static_cast<Criticality>(i);
  }
  return static_cast<Criticality>(mix.size() - 1);
}

// Cohorts take turns by a stride that is coprime to 128, so that they cost no random number and
// every stretch of time has all of them.
RequestContext World::Client::draw_caller() {
  constexpr uint32_t kStride = 79;
  RequestContext who;
  who.route = spec.route;
  who.criticality = draw_criticality();
  who.tenant = spec.tenant;
  who.cohort = static_cast<uint8_t>(callers++ * kStride % kCohortCount);
  who.cost = spec.cost;
  return who;
}

void World::send(uint32_t number, Instant begun, uint8_t attempt, const RequestContext& caller) {
  Client& client = *clients_[number];
  Request& request = allocate();
  request.begun = begun;
  request.attempt = attempt;
  request.client = number;
  request.service = spec_.routes[client.spec.route].entry;
  request.context = caller;
  if (client.spec.tells_deadline)
    request.context.deadline = Deadline::after(client.spec.timeout, now_);

  ++slice(client).attempts;
  if (attempt == 0) {
    ++slice(client).offered;
    ++client.open;
  }
  if (measured()) {
    ++client.result.measured.attempts;
    if (attempt == 0) {
      ++client.result.measured.offered;
      ++client.result.by_criticality[static_cast<size_t>(caller.criticality)].offered;
    }
  }
  arrive(request);
}

void World::client_succeeded(Request& request) {
  Client& client = *clients_[request.client];
  count_latency(request);
  --client.open;
  ++slice(client).good;
  if (measured()) {
    ++client.result.measured.good;
    ++client.result.by_criticality[static_cast<size_t>(request.context.criticality)].good;
  }
  if (client.spec.users > 0) user_thinks(request.client);
}

Caller& World::caller_of(const Request& request) {
  if (!request.is_call) return clients_[request.client]->caller;
  Node& node = *nodes_[requests_[request.parent].node];
  for (auto& [service, caller] : node.callers)
    if (service == request.service) return *caller;
  CallingSpec spec = node.spec.calling;
  if (spec.breaker) spec.breaker->seed = node.number;
  node.callers.emplace_back(
      request.service, std::make_unique<Caller>(spec, groups_[node.service].timeout_lane, now_));
  return *node.callers.back().second;
}

void World::leave_breaker(Request& request, Outcome outcome) {
  if (!request.in_breaker) return;
  request.in_breaker = false;
  request.caller->breaker->complete(request.breaker_ticket,
                                    Completion{outcome, 0, request.arrived, now_});
}

bool World::may_retry(const Request& request) {
  Caller& caller = *request.caller;
  if (request.attempt >= caller.spec.retries) return false;
  // Nobody waits for what a call would be part of.
  if (request.is_call && request.context.deadline.passed(now_)) return false;
  return !caller.budget || caller.budget->try_withdraw(now_);
}

// The caller has no answer from this attempt, or a bad one; the attempt itself may live on as a
// zombie.
void World::attempt_failed(Request& request, Outcome outcome) {
  leave_breaker(request, outcome);
  Client& client = *clients_[request.client];
  if (!may_retry(request)) {
    if (request.is_call) return call_ended(requests_[request.parent], false);
    --client.open;
    ++slice(client).failed;
    if (measured()) ++client.result.measured.failed;
    if (client.spec.users > 0) user_thinks(request.client);
    return;
  }
  Request& again = allocate();
  again.state = Request::State::kBackingOff;
  again.is_call = request.is_call;
  again.parent = request.parent;
  again.service = request.service;
  again.client = request.client;
  again.begun = request.begun;
  again.attempt = static_cast<uint8_t>(request.attempt + 1);
  again.context = request.context;
  const double bound = to_seconds(request.caller->spec.backoff) * std::exp2(request.attempt);
  events_.push(now_ + from_seconds(client.rng.uniform() * bound), EventKind::kRetry, again.number);
}

void World::try_again(uint32_t number) {
  Request& waiting = requests_[number];
  const bool is_call = waiting.is_call;
  const RequestContext caller = waiting.context;
  const auto [client, begun, attempt] = std::tuple(waiting.client, waiting.begun, waiting.attempt);
  const auto [parent, service] = std::tuple(waiting.parent, waiting.service);
  release(waiting);
  if (is_call) return call(requests_[parent], service, attempt);
  send(client, begun, attempt, caller);
}

void World::time_out(Request& request) {
  const bool waiting = request.state == Request::State::kWaiting;
  if (!request.is_call) {
    Client& client = *clients_[request.client];
    ++slice(client).timed_out;
    if (measured()) ++client.result.measured.timed_out;
    if (!waiting && measured() && spec_.exact_latencies) {
      client.result.latency.push_back(static_cast<float>(to_seconds(now_ - request.arrived)));
      client.result.work.push_back(static_cast<float>(to_seconds(request.work)));
    }
  }
  ++request.generation;
  request.abandoned = true;
  attempt_failed(request, Outcome::kDropped);
  if (waiting) {
    (void)nodes_[request.node]->gate->cancel(request, now_);
    return release(request);
  }
  // The service knows nothing of it and works on; the guard takes it for a sign of overload.
  complete(request, Outcome::kDropped);
}

}  // namespace weir::sim
