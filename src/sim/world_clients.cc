// The clients of a World: when requests begin, how long anybody waits, and who tries again.
#include <cmath>

#include "sim/world_parts.h"
#include "weir/policy/priority_gate.h"

namespace weir::sim {
namespace {

// A retry budget holds what this many successes earn, at most, and is filled at least at this rate:
// the 10/s floor of Finagle and Linkerd, here as a start of ten.
constexpr double kRetryTokensMax = 100;
constexpr double kRetryTokensStart = 10;

}  // namespace

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

Criticality World::draw_criticality(Client& client) {
  const auto& mix = client.spec.mix;
  if (mix.empty()) return Criticality::kCritical;
  double left = client.rng.uniform();
  for (size_t i = 0; i + 1 < mix.size(); ++i) {
    left -= mix[i];
    if (left < 0) return static_cast<Criticality>(i);
  }
  return static_cast<Criticality>(mix.size() - 1);
}

// Who asks: the same in all attempts. Cohorts take turns by a stride that is coprime to 128, so
// that they cost no random number and every stretch of time has all of them.
RequestContext World::draw_caller(Client& client) {
  constexpr uint32_t kStride = 79;
  RequestContext caller;
  caller.route = client.spec.route;
  caller.criticality = draw_criticality(client);
  caller.tenant = client.spec.tenant;
  caller.cohort = static_cast<uint8_t>(client.callers++ * kStride % kCohortCount);
  return caller;
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
  if (attempt == 0) ++slice(client).offered;
  if (measured()) {
    ++client.result.measured.attempts;
    if (attempt == 0) {
      ++client.result.measured.offered;
      ++client.result.by_criticality[static_cast<size_t>(caller.criticality)].offered;
    }
  }
  arrive(request);
}

// The client has its answer, good or not, or was refused; the request may live on as a zombie.
void World::client_done(Request& request, bool good) {
  Client& client = *clients_[request.client];
  if (!good) return retry_or_give_up(request);
  client.retry_tokens = std::min(kRetryTokensMax, client.retry_tokens + guard_.retry_budget);
  ++slice(client).good;
  if (measured()) {
    ++client.result.measured.good;
    ++client.result.by_criticality[static_cast<size_t>(request.context.criticality)].good;
  }
  if (client.spec.users > 0) user_thinks(request.client);
}

void World::retry_or_give_up(Request& request) {
  Client& client = *clients_[request.client];
  const bool budgeted = guard_.retry_budget > 0;
  bool retry = request.attempt < client.spec.retries;
  if (retry && budgeted) {
    retry = client.retry_tokens + kRetryTokensStart >= 1;
    if (retry) client.retry_tokens -= 1;
  }
  if (!retry) {
    ++slice(client).failed;
    if (measured()) ++client.result.measured.failed;
    if (client.spec.users > 0) user_thinks(request.client);
    return;
  }
  Request& again = allocate();
  again.client = request.client;
  again.begun = request.begun;
  again.attempt = static_cast<uint8_t>(request.attempt + 1);
  again.context = request.context;
  const double bound = to_seconds(client.spec.backoff) * std::exp2(request.attempt);
  events_.push(now_ + from_seconds(client.rng.uniform() * bound), EventKind::kRetry, again.number);
}

void World::time_out(uint32_t number) {
  Request& request = requests_[number];
  Client& client = *clients_[request.client];
  ++slice(client).timed_out;
  if (measured()) ++client.result.measured.timed_out;
  const bool waiting = request.state == Request::State::kWaiting;
  if (!waiting && measured()) {
    client.result.latency.push_back(static_cast<float>(to_seconds(now_ - request.arrived)));
    client.result.work.push_back(static_cast<float>(to_seconds(request.work)));
  }
  client_done(request, false);
  if (waiting) {
    (void)nodes_[request.service]->gate->cancel(request, now_);
    release(request);
    return;
  }
  // The service knows nothing of it and works on; the guard takes it for a sign of overload.
  request.abandoned = true;
  ++request.generation;
  complete(request, Outcome::kDropped);
}

}  // namespace weir::sim
