#include "sim/world.h"

#include <algorithm>

#include "sim/guard.h"
#include "sim/world_parts.h"
#include "weir/base/assert.h"

namespace weir::sim {
namespace {

// Between two looks at an open window, at least: what a host's timer wheel resolves.
constexpr Duration kTickStep = std::chrono::milliseconds(1);

// A run that is not empty by then never will be: the longest patience of clients is far shorter.
constexpr Duration kDrainMax = std::chrono::minutes(10);

CallingSpec calling_of(const ClientSpec& client, const GuardSpec& entry) {
  CallingSpec calling;
  calling.timeout = client.timeout;
  calling.retries = client.retries;
  calling.backoff = client.backoff;
  calling.retry_budget = client.retry_budget > 0 ? client.retry_budget : entry.retry_budget;
  calling.breaker = client.breaker;
  return calling;
}

}  // namespace

Caller::Caller(const CallingSpec& calling, uint16_t lane, Instant now)
    : spec(calling), timeout_lane(lane) {
  if (calling.retry_budget > 0)
    budget.emplace(RetryBudget::Options{.ratio = calling.retry_budget}, now);
  if (calling.breaker) breaker.emplace(*calling.breaker, now);
}

World::Node::Node(World& owner, uint32_t place, uint32_t of_service, uint32_t instance,
                  const ServiceSpec& service_spec, const GuardSpec& guard, uint64_t seed)
    : world(owner),
      spec(service_spec),
      number(place),
      service(of_service),
      model(service_spec, Rng(seed), instance) {
  if (!guard.law && !guard.gate) return;
  std::vector<std::shared_ptr<Policy>> policies = outer_policies(guard, seed);
  if (guard.law)
    limiter = std::make_shared<Limiter>(
        guard.law(seed),
        Limiter::Options{.limit_min = guard.limit_min, .limit_max = guard.limit_max}, Instant{});
  if (guard.gate) policies.push_back(peer = guard.gate(limiter));
  if (limiter) policies.push_back(limiter);
  stack = std::make_shared<PolicyStack>(std::move(policies));
  Gate::Options options;
  options.queue = guard.queue_options;
  if (!guard.queue) options.queue.depth_max = 0;
  gate = std::make_unique<Gate>(stack, std::make_shared<GateGroup>(), limiter, options);
}

double World::Node::cpu_used_ratio(Instant now) noexcept {
  const double available = to_seconds(now - window_begin) * model.workers();
  return available > 0 ? std::min(1.0, (model.busy_seconds(now) - busy_at_begin) / available) : 0;
}

World::World(const ScenarioSpec& spec, const GuardSpec& guard, uint64_t seed)
    : spec_(spec), guard_(guard), rng_(seed) {
  add_services(guard);
  result_.clients.resize(spec.clients.size());
  const auto slices = static_cast<size_t>((spec.end - Instant{}) / kSlice + 1);
  for (size_t i = 0; i < spec.clients.size(); ++i) {
    const ClientSpec& client = spec.clients[i];
    result_.clients[i].name = client.name;
    result_.clients[i].slices.resize(slices);
    const auto& entry = spec.services[spec.routes[client.route].entry];
    clients_.push_back(
        std::make_unique<Client>(client, calling_of(client, entry.guard ? *entry.guard : guard),
                                 lane_for(client.timeout), result_.clients[i], rng_.fork()));
  }
  balancing_rng_ = rng_.fork();
}

void World::add_services(const GuardSpec& guard) {
  result_.services.resize(spec_.services.size());
  for (size_t i = 0; i < spec_.services.size(); ++i) {
    const ServiceSpec& service = spec_.services[i];
    result_.services[i].name = service.name;
    Group group;
    group.first = static_cast<uint32_t>(nodes_.size());
    group.count = service.instances;
    group.timeout_lane =
        service.calling.timeout > Duration{} ? lane_for(service.calling.timeout) : 0;
    groups_.push_back(group);
    for (uint32_t k = 0; k < service.instances; ++k) {
      const auto number = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back(std::make_unique<Node>(*this, number, static_cast<uint32_t>(i), k, service,
                                              service.guard ? *service.guard : guard, rng_.next()));
    }
  }
}

uint16_t World::lane_for(Duration timeout) {
  for (const auto& [length, lane] : lanes_)
    if (length == timeout) return lane;
  lanes_.emplace_back(timeout, events_.add_lane());
  return lanes_.back().second;
}

World::~World() {
  // A run ends in the middle of things: what waits leaves its queue, and what runs gives its permit
  // back, so that the production objects can check on their way out that nothing was lost.
  for (uint32_t i = 0; i < requests_.size(); ++i) {
    Request& request = requests_[i];
    if (request.queued()) (void)nodes_[request.node]->gate->cancel(request, now_);
    request.permit = Permit();
  }
}

RunResult World::run() {
  schedule_start();
  const auto is_stale = [this](const Event& event) { return stale(event); };
  while (!events_.empty()) {
    const Event event = events_.pop(is_stale);
    now_ = Instant(Duration(event.at_ns));
    if (now_ >= spec_.end) {
      if (!spec_.drains) break;
      draining_ = true;
      if (alive() == 0 || now_ > spec_.end + kDrainMax) break;
    }
    while (now_ >= next_slice_ && !draining_) sample_slices();
    if (event.lane != 0 && stale(event)) continue;
    ++result_.events;
    dispatch(event);
  }
  if (spec_.drains) check_drained();
  return std::move(result_);
}

void World::check_drained() {
  result_.left_over = alive();
  result_.drained_in = now_ - spec_.end;
  check_requests();
  if (result_.left_over > 0) return;
  for (const auto& node : nodes_) {
    WEIR_ASSERT(node->model.inside() == 0 && node->permits == 0);
    WEIR_ASSERT(node->gate == nullptr ||
                (node->gate->queue().empty() && node->stack->outstanding() == 0));
  }
}

void World::schedule_start() {
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = *nodes_[i];
    if (node.limiter) events_.push(node.limiter->next_tick(), EventKind::kTick, i);
    const uint32_t instance = i - groups_[node.service].first;
    for (const WorkersStep& step : node.spec.workers_steps)
      if (step.instances == 0 || instance < step.instances)
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
  switch (event.kind) {
    case EventKind::kArrival:
      if (draining_) return;
      send(event.target, now_, 0, clients_[event.target]->draw_caller());
      if (event.generation == 0) schedule_arrival(event.target);
      return;
    case EventKind::kRetry: try_again(event.target); return;
    case EventKind::kTimeout: time_out(requests_[event.target]); return;
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
  if (on_decision) on_decision(node.service, *change);
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

Request& World::allocate() {
  if (free_.empty()) {
    const uint32_t number = requests_.size();
    requests_.add().number = number;
    free_.push_back(number);
  }
  Request& request = requests_[free_.back()];
  free_.pop_back();
  WEIR_ASSERT(request.state == Request::State::kFree && !request.permit);
  request.state = Request::State::kSent;
  return request;
}

void World::release(Request& request) {
  WEIR_ASSERT(!request.permit && !request.queued() && !request.in_breaker);
  ++request.generation;
  request.state = Request::State::kFree;
  request.is_call = request.abandoned = request.failed = false;
  request.calls_pending = 0;
  free_.push_back(request.number);
}

}  // namespace weir::sim
