#include "sim/world.h"

#include "sim/world_parts.h"
#include "weir/base/assert.h"

namespace weir::sim {
namespace {

// Between two looks at an open window, at least: what a host's timer wheel resolves.
constexpr Duration kTickStep = std::chrono::milliseconds(1);

}  // namespace

World::Node::Node(World& owner, uint32_t place, const ServiceSpec& service, const GuardSpec& guard,
                  uint64_t seed)
    : world(owner), spec(service), number(place), model(service, Rng(seed)) {
  if (!guard.law && !guard.gate) return;
  std::vector<std::shared_ptr<Policy>> policies;
  if (guard.gate) {
    peer = guard.gate(seed);
    policies.push_back(peer);
  }
  if (guard.law) {
    limiter = std::make_shared<Limiter>(
        guard.law(seed), Limiter::Options{.limit_min = 1, .limit_max = guard.limit_max}, Instant{});
    policies.push_back(limiter);
  }
  stack = std::make_shared<PolicyStack>(std::move(policies));
  Gate::Options options;
  if (!guard.queue) options.queue.depth_max = 0;
  gate = std::make_unique<Gate>(stack, std::make_shared<GateGroup>(), limiter, options);
}

double World::Node::cpu_used_ratio(Instant now) noexcept {
  const double available = to_seconds(now - window_begin) * model.workers();
  return available > 0 ? std::min(1.0, (model.busy_seconds(now) - busy_at_begin) / available) : 0;
}

World::World(const ScenarioSpec& spec, const GuardSpec& guard, uint64_t seed)
    : spec_(spec), guard_(guard), rng_(seed) {
  result_.clients.resize(spec.clients.size());
  result_.services.resize(spec.services.size());
  for (size_t i = 0; i < spec.services.size(); ++i) {
    result_.services[i].name = spec.services[i].name;
    nodes_.push_back(std::make_unique<Node>(*this, static_cast<uint32_t>(i), spec.services[i],
                                            guard, rng_.next()));
  }
  const auto slices = static_cast<size_t>((spec.end - Instant{}) / kSlice + 1);
  for (size_t i = 0; i < spec.clients.size(); ++i) {
    result_.clients[i].name = spec.clients[i].name;
    result_.clients[i].slices.resize(slices);
    clients_.push_back(std::make_unique<Client>(spec.clients[i], result_.clients[i], rng_.fork()));
  }
}

World::~World() {
  // A run ends in the middle of things: what waits leaves its queue, and what runs gives its permit
  // back, so that the production objects can check on their way out that nothing was lost.
  for (Request& request : requests_) {
    if (request.queued()) (void)nodes_[request.service]->gate->cancel(request, now_);
    request.permit = Permit();
  }
}

RunResult World::run() {
  schedule_start();
  while (!events_.empty()) {
    const Event event = events_.pop();
    now_ = Instant(Duration(event.at_ns));
    if (now_ >= spec_.end) break;
    while (now_ >= next_slice_) sample_slices();
    ++result_.events;
    dispatch(event);
  }
  return std::move(result_);
}

void World::schedule_start() {
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->limiter) events_.push(nodes_[i]->limiter->next_tick(), EventKind::kTick, i);
    for (const auto& step : nodes_[i]->spec.workers_steps)
      events_.push(step.at, EventKind::kWorkers, i, step.value);
  }
  for (uint32_t i = 0; i < clients_.size(); ++i) {
    schedule_arrival(i);
    for (const auto& burst : clients_[i]->spec.bursts)
      for (uint32_t k = 0; k < burst.value; ++k)
        events_.push(burst.at, EventKind::kArrival, i, /*generation=*/1);
    for (uint32_t k = 0; k < clients_[i]->spec.users; ++k) user_thinks(i);
  }
}

void World::dispatch(const Event& event) {
  const auto current = [&]() -> Request* {
    Request& request = requests_[event.target];
    return request.generation == event.generation ? &request : nullptr;
  };
  switch (event.kind) {
    case EventKind::kArrival:
      send(event.target, now_, 0, draw_caller(*clients_[event.target]));
      if (event.generation == 0) schedule_arrival(event.target);
      return;
    case EventKind::kRetry: {
      Request& request = requests_[event.target];
      const auto [client, begun, attempt] =
          std::tuple(request.client, request.begun, request.attempt);
      const RequestContext caller = request.context;
      release(request);
      send(client, begun, attempt, caller);
      return;
    }
    case EventKind::kTimeout:
      if (current() != nullptr) time_out(event.target);
      return;
    case EventKind::kFinish: finish_work(requests_[event.target]); return;
    case EventKind::kAnswer: answer(requests_[event.target]); return;
    case EventKind::kTick: tick(event.target); return;
    case EventKind::kWake: {
      Node& node = *nodes_[event.target];
      if (node.wake_at == now_) node.wake_at = kInstantMax;
      pump(node);
      return;
    }
    case EventKind::kWorkers: {
      Node& node = *nodes_[event.target];
      node.model.set_workers(event.generation);
      start_work(node);
      return;
    }
  }
}

// The control loop's clock: a window that the last completion filled is closed at once, as by a
// host whose loop looks after each batch of completions.
void World::control(Node& node) {
  if (node.limiter == nullptr || now_ < node.limiter->next_tick()) return;
  node.limiter->set_signals(
      {.queued = node.gate->queue().size(), .cpu_used_ratio = node.cpu_used_ratio(now_)});
  const std::optional<LimitChange> change = node.limiter->tick(now_);
  if (!change) return;
  node.window_begin = now_;
  node.busy_at_begin = node.model.busy_seconds(now_);
  if (on_decision) on_decision(node.number, *change);
}

void World::tick(uint32_t number) {
  Node& node = *nodes_[number];
  control(node);
  pump(node);
  events_.push(std::max(node.limiter->next_tick(), now_ + kTickStep), EventKind::kTick, number);
}

void World::pump(Node& node) {
  (void)node.gate->pump(now_, node);
  const Instant wake = node.gate->next_wakeup();
  if (wake < node.wake_at) {
    node.wake_at = std::max(wake, now_);
    events_.push(node.wake_at, EventKind::kWake, node.number);
  }
}

void World::sample_slices() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = *nodes_[i];
    result_.services[i].limit_at_slice.push_back(node.limiter ? node.limiter->limit() : 0);
    result_.services[i].inside_at_slice.push_back(static_cast<uint32_t>(node.model.inside()));
    WEIR_ASSERT(node.stack == nullptr || node.stack->outstanding() >= 0);
  }
  next_slice_ += kSlice;
}

Request& World::allocate() {
  if (free_.empty()) {
    const auto number = static_cast<uint32_t>(requests_.size());
    requests_.emplace_back().number = number;
    free_.push_back(number);
  }
  Request& request = requests_[free_.back()];
  free_.pop_back();
  WEIR_ASSERT(request.state == Request::State::kFree && !request.permit);
  return request;
}

void World::release(Request& request) {
  WEIR_ASSERT(!request.permit && !request.queued());
  ++request.generation;
  request.state = Request::State::kFree;
  request.is_call = request.abandoned = request.call_failed = false;
  request.calls_pending = 0;
  free_.push_back(request.number);
}

Tally& World::slice(Client& client) {
  return client.result.slices[static_cast<size_t>((now_ - Instant{}) / kSlice)];
}

}  // namespace weir::sim
