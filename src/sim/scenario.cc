#include "sim/scenario.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>

#include "config/suggest.h"
#include "sim/contestants.h"
#include "sim/scenario_keys.h"
#include "weir/control/fixed_limit.h"
#include "weir/control/registry.h"

namespace weir::sim {
namespace {

using config::Diagnostics;

// A ramp is made of steps of this length; Poisson arrivals blur them.
constexpr Duration kRampStep = std::chrono::milliseconds(100);

Instant at(Duration since_start) {
  return Instant{} + since_start;
}

// The place of a name in its map, which is also the order of the vectors made of it.
template <typename Map>
std::optional<uint32_t> place_of(const Map& map, const std::string& name) {
  const auto found = map.find(name);
  if (found == map.end()) return std::nullopt;
  return static_cast<uint32_t>(std::distance(map.begin(), found));
}

/// Makes the spec, and reports names that do not exist where they are used.
class Builder {
 public:
  Builder(const FileKeys& file, Diagnostics& diagnostics) : file_(file), out_(diagnostics) {}

  void build(Scenario& scenario);

 private:
  template <typename Map>
  uint32_t look_up(const Map& map, const Located& name, const char* kind);
  GuardSpec guard(const GuardKeys& keys);
  ServiceSpec service(const std::string& name, const ServiceKeys& keys);
  RouteSpec route(const std::string& name, const RouteKeys& keys);
  ClientSpec client(const std::string& name, const ClientKeys& keys);
  uint32_t route_to(const Located& service);
  bool has_cycle(const RouteSpec& route, uint32_t service, size_t depth) const;
  Expectation expectation(const ExpectKeys& keys);

  const FileKeys& file_;
  Diagnostics& out_;
  std::vector<RouteSpec> routes_;
  std::vector<std::string> tenants_;
};

template <typename Map>
uint32_t Builder::look_up(const Map& map, const Located& name, const char* kind) {
  if (const auto place = place_of(map, name.text)) return *place;
  if (name.text.empty()) return 0;  // reported already
  std::vector<std::string> names;
  for (const auto& [known, value] : map) names.push_back(known);
  const std::string guess = config::nearest(name.text, names);
  std::string sentence = std::string("there is no ") + kind + " '" + name.text + "'";
  if (!guess.empty()) sentence += "; did you mean '" + guess + "'?";
  out_.report(name.place, sentence);
  return 0;
}

GuardSpec Builder::guard(const GuardKeys& keys) {
  GuardSpec spec;
  spec.name = keys.law;
  if (keys.law == "none") return spec;
  if (keys.law == "fixed") {
    spec.law = [limit = keys.limit](uint64_t) {
      return std::make_unique<FixedLimit>(FixedLimitOptions{limit});
    };
  } else {
    spec.law = [law = keys.law](uint64_t seed) { return make_limit(law, seed); };
  }
  spec.limit_min = keys.limit_min;
  spec.limit_max = std::max(keys.limit_max, keys.limit);
  spec.queue = keys.queue.on;
  spec.queue_options = keys.queue.options;
  spec.breaker = keys.breaker;
  for (const auto& [route, bound] : keys.bulkheads) {
    const auto place = place_of(file_.routes, route);
    if (!place) {
      out_.report({}, "a guard has a bulkhead for the route '" + route + "', which does not exist");
      continue;
    }
    spec.bulkheads.resize(std::max<size_t>(spec.bulkheads.size(), *place + 1));
    spec.bulkheads[*place] = bound;
  }
  return spec;
}

void add_fault(const FaultKeys& fault, ServiceSpec& spec) {
  const Instant from = at(fault.from);
  const Instant to = at(fault.to);
  switch (fault.kind) {
    case FaultKind::kSlow:
      spec.slowdowns.push_back({from, to, 1 / fault.factor, fault.instances});
      return;
    case FaultKind::kPause: spec.slowdowns.push_back({from, to, 0, fault.instances}); return;
    case FaultKind::kWorkers:
      spec.workers_steps.push_back({from, fault.workers, fault.instances});
      spec.workers_steps.push_back({to, spec.workers, fault.instances});
      return;
    case FaultKind::kFail:
      spec.failures.push_back({from, to, fault.share, fault.instances});
      return;
    case FaultKind::kTime:
      if (!fault.time) return;  // reported already
      spec.time_steps.push_back({from, *fault.time});
      spec.time_steps.push_back({to, spec.time});
      return;
  }
}

ServiceSpec Builder::service(const std::string& name, const ServiceKeys& keys) {
  ServiceSpec spec = keys.spec;
  spec.name = name;
  if (keys.guard) spec.guard = guard(*keys.guard);
  for (const FaultKeys& fault : keys.faults) add_fault(fault, spec);
  std::stable_sort(spec.time_steps.begin(), spec.time_steps.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return spec;
}

bool Builder::has_cycle(const RouteSpec& route, uint32_t service, size_t depth) const {
  if (depth > file_.services.size()) return true;
  for (const uint32_t called : route.calls[service])
    if (has_cycle(route, called, depth + 1)) return true;
  return false;
}

RouteSpec Builder::route(const std::string& name, const RouteKeys& keys) {
  RouteSpec spec;
  spec.name = name;
  spec.entry = look_up(file_.services, keys.entry, "service");
  spec.calls.resize(file_.services.size());
  if (spec.calls.empty()) return spec;  // reported already
  for (const Calls& calls : keys.calls) {
    const uint32_t from = look_up(file_.services, calls.from, "service");
    for (const Located& to : calls.to)
      spec.calls[from].push_back(look_up(file_.services, to, "service"));
  }
  if (out_.ok() && has_cycle(spec, spec.entry, 0))
    out_.report(keys.entry.place,
                "on this route a service calls itself, directly or through others");
  return spec;
}

// Clients that go to a service directly share a route without calls.
uint32_t Builder::route_to(const Located& service) {
  RouteSpec spec;
  spec.entry = look_up(file_.services, service, "service");
  spec.name = service.text;
  routes_.push_back(spec);
  return static_cast<uint32_t>(routes_.size() - 1);
}

void add_rates(const std::vector<RateKeys>& keys, ClientSpec& spec) {
  double before = 0;
  for (const RateKeys& step : keys) {
    const int64_t parts = step.ramp / kRampStep;
    for (int64_t i = 0; i < parts; ++i) {
      const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(parts);
      spec.rate.push_back({at(step.at + i * kRampStep), before + (step.rate - before) * share});
    }
    spec.rate.push_back({at(step.at + parts * kRampStep), step.rate});
    before = step.rate;
  }
}

ClientSpec Builder::client(const std::string& name, const ClientKeys& keys) {
  ClientSpec spec = keys.spec;
  spec.name = name;
  spec.route =
      keys.route.text.empty() ? route_to(keys.to) : look_up(file_.routes, keys.route, "route");
  add_rates(keys.rate, spec);
  for (const BurstKeys& burst : keys.bursts) spec.bursts.push_back({at(burst.at), burst.requests});
  if (!keys.tenant.empty()) {
    const auto known = std::find(tenants_.begin(), tenants_.end(), keys.tenant);
    spec.tenant = static_cast<uint32_t>(known - tenants_.begin()) + 1;
    if (known == tenants_.end()) tenants_.push_back(keys.tenant);
  }
  if (!keys.priorities.empty()) spec.mix.resize(kCriticalityCount);
  for (const auto& [priority, share] : keys.priorities)
    if (const auto criticality = criticality_from(priority))
      spec.mix[static_cast<size_t>(*criticality)] = share;
  return spec;
}

Expectation Builder::expectation(const ExpectKeys& keys) {
  Expectation expect;
  expect.client = look_up(file_.clients, keys.client, "client");
  expect.from = at(keys.from);
  expect.to = at(keys.to > Duration{} ? std::min(keys.to, file_.duration) : file_.duration);
  expect.good_min = keys.good_min;
  expect.refused_max = keys.refused_max;
  expect.attempts_max = keys.attempts_max;
  expect.p99_max = keys.p99_max;
  expect.recovery_max = keys.recovery_max;
  if (out_.ok() && expect.from >= expect.to)
    out_.report(keys.client.place, "this expectation's 'from' is not before its 'to'");
  return expect;
}

void Builder::build(Scenario& scenario) {
  ScenarioSpec& spec = scenario.spec;
  spec.name = scenario.name;
  spec.services.clear();
  spec.clients.clear();
  spec.exact_latencies = false;
  spec.drains = true;
  spec.end = at(file_.duration);
  spec.measure_begin = at(file_.measure.from);
  spec.measure_end = file_.measure.to > Duration{} ? at(file_.measure.to) : spec.end;
  scenario.seed = file_.seed;
  scenario.guard = guard(file_.guard.value_or(GuardKeys{}));
  for (const auto& [name, keys] : file_.services) spec.services.push_back(service(name, keys));
  for (const auto& [name, keys] : file_.routes) routes_.push_back(route(name, keys));
  for (const auto& [name, keys] : file_.clients) spec.clients.push_back(client(name, keys));
  for (const ExpectKeys& keys : file_.expect) scenario.expectations.push_back(expectation(keys));
  spec.routes = std::move(routes_);
}

}  // namespace

Expected<Scenario> parse_scenario(const std::string& name, const std::string& text) {
  Diagnostics diagnostics(name, text);
  const config::Node root = config::parse_yaml(text, diagnostics);
  FileKeys file;
  if (root.kind != config::Node::Kind::kNothing || diagnostics.ok())
    scenario_table().read(root, diagnostics, file);
  Scenario scenario;
  scenario.name = name;
  // Even when keys are wrong: names that do not exist are told in the same go.
  Builder(file, diagnostics).build(scenario);
  if (diagnostics.ok()) return scenario;
  std::string message = std::to_string(diagnostics.count()) +
                        (diagnostics.count() == 1 ? " mistake" : " mistakes") + " in the file\n" +
                        diagnostics.render();
  message.pop_back();
  return Unexpected<Error>(Error{ErrorKind::kConfig, std::move(message),
                                 "'weir sim schema' prints what a scenario may hold"});
}

Expected<Scenario> load_scenario(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) {
    return Unexpected<Error>(Error{ErrorKind::kUnavailable, "cannot read '" + path + "'",
                                   "name a scenario file, as in examples/sim"});
  }
  return parse_scenario(path, text.str());
}

std::string scenario_schema() {
  observe::JsonWriter json;
  json.begin_object();
  json.member("$schema", "https://json-schema.org/draft/2020-12/schema");
  json.member("title", "weir simulation scenario");
  scenario_table().schema(json);
  json.end_object();
  return json.text();
}

}  // namespace weir::sim
