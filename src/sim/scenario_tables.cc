// The keys of a scenario file: what they are called, what they mean, what they may hold.
#include "sim/scenario.h"
#include "sim/scenario_keys.h"
#include "weir/control/registry.h"

namespace weir::sim {
namespace {

using config::Table;

using config::Diagnostics;
using config::Node;

constexpr int64_t kManyRequests = 10'000'000;
constexpr int64_t kLimitMax = 1'000'000;
// A scenario is a day at most: beyond it the slices of the time line alone fill the memory.
constexpr Duration kDurationMax = std::chrono::hours(24);

// Mappings from names that the file chooses to values of one kind.
template <typename U, typename Read>
void read_by_name(const Node& node, Diagnostics& out, std::map<std::string, U>& into,
                  const Read& read) {
  if (node.kind != Node::Kind::kMapping) return config::expect(node, out, "a mapping");
  for (const auto& [key, value] : node.members) read(value, into[key.text]);
}

template <typename Describe>
void describe_by_name(observe::JsonWriter& json, const Describe& describe) {
  json.member("type", "object");
  json.key("additionalProperties");
  json.begin_object();
  describe();
  json.end_object();
}

void read_bulkheads(const Node& node, Diagnostics& out, std::map<std::string, uint32_t>& into) {
  read_by_name(node, out, into, [&](const Node& value, uint32_t& bound) {
    int64_t number = 0;
    if (config::read_integer(value, out, 1, kLimitMax, number))
      bound = static_cast<uint32_t>(number);
  });
}
void describe_bulkheads(observe::JsonWriter& json) {
  describe_by_name(json, [&] { config::integer_schema(1, kLimitMax)(json); });
}

void read_priorities(const Node& node, Diagnostics& out, std::map<std::string, double>& into) {
  read_by_name(node, out, into, [&](const Node& value, double& share) {
    config::percent_form().read(value, out, share);
  });
}
void describe_priorities(observe::JsonWriter& json) {
  describe_by_name(json, [&] { config::text_schema(config::kPercentPattern)(json); });
}

void read_calls(const Node& node, Diagnostics& out, CallKeys& into) {
  if (node.kind != Node::Kind::kMapping) return config::expect(node, out, "a mapping");
  for (const auto& [key, value] : node.members) {
    Calls& calls = into.emplace_back();
    calls.from = {key.text, key.place};
    if (value.kind != Node::Kind::kSequence) {
      config::expect(value, out, "a list of services");
      continue;
    }
    for (const Node& item : value.items)
      config::located_form().read(item, out, calls.to.emplace_back());
  }
}
void describe_calls(observe::JsonWriter& json) {
  describe_by_name(json, [&] {
    json.member("type", "array");
    json.key("items");
    json.begin_object();
    config::text_schema(nullptr)(json);
    json.end_object();
  });
}

Table<ServiceTime> time_table() {
  return Table<ServiceTime>()
      .choice("distribution", &ServiceTime::kind,
              {{"constant", ServiceTime::Kind::kConstant},
               {"exponential", ServiceTime::Kind::kExponential},
               {"bimodal", ServiceTime::Kind::kBimodal},
               {"lognormal", ServiceTime::Kind::kLognormal}},
              "How the work of requests is spread around its mean")
      .duration("mean", &ServiceTime::mean, "Mean work of one request")
      .required()
      .percent("slow_share", &ServiceTime::slow_share, "bimodal: share of slow requests")
      .number("slow_ratio", &ServiceTime::slow_ratio, 1, 10'000,
              "bimodal: a slow request costs this many fast ones")
      .number("sigma", &ServiceTime::sigma, 0, 5, "lognormal: standard deviation of the logarithm")
      .rule([](const ServiceTime& time) -> std::string {
        return time.mean > Duration{} ? "" : "the mean must be longer than 0s";
      });
}

Table<Breaker::Options> breaker_table() {
  using Options = Breaker::Options;
  return Table<Options>()
      .percent("failed_ratio", &Options::failed_ratio, "Opens at this share of failed calls")
      .percent("slow_ratio", &Options::slow_ratio, "Opens at this share of slow calls")
      .duration("slow_after", &Options::slow_after, "A call that takes longer is slow")
      .duration("window", &Options::window, "The stretch of time that is judged")
      .integer("calls_min", &Options::calls_min, 1, 1'000'000, "Judges nothing on fewer calls")
      .duration("open_initial", &Options::open_initial, "The first cool-down")
      .duration("open_max", &Options::open_max, "The longest cool-down")
      .integer("probes", &Options::probes, 1, 1000, "Calls let through when it is over")
      .rule([](const Options& options) -> std::string {
        if (options.window < std::chrono::milliseconds(10)) return "window is shorter than 10ms";
        if (options.slow_after <= Duration{} || options.slow_after > 10 * options.window)
          return "slow_after must be longer than 0s and at most ten times the window";
        return options.open_initial >= std::chrono::milliseconds(2) ? ""
                                                                    : "open_initial is below 2ms";
      });
}

Table<QueueKeys> queue_table() {
  using Options = AdmissionQueue::Options;
  const auto options = Table<Options>()
                           .integer("depth_max", &Options::depth_max, 1, 1'000'000,
                                    "Requests waiting, at most; never more than the limit")
                           .duration("wait_max", &Options::wait_max, "Nobody waits longer")
                           .duration("target", &Options::target,
                                     "A wait that stands longer than this for an interval is "
                                     "overload (CoDel)")
                           .duration("interval", &Options::interval, "See target")
                           .boolean("lifo_when_overloaded", &Options::lifo_when_overloaded,
                                    "The newest goes first then")
                           .rule([](const Options& wrong) -> std::string {
                             const bool positive = wrong.wait_max > Duration{} &&
                                                   wrong.target > Duration{} &&
                                                   wrong.interval > Duration{};
                             return positive ? "" : "times must be longer than 0s";
                           });
  return Table<QueueKeys>()
      .boolean("on", &QueueKeys::on, "false refuses at once what finds no room")
      .merge(&QueueKeys::options, options);
}

std::string check_law(const GuardKeys& guard) {
  std::string names = "none";
  for (const LimitRegistration& law : registered_limits()) names += ", " + std::string(law.name);
  if (guard.law != "none" && make_limit(guard.law, 1) == nullptr)
    return "there is no law '" + guard.law + "'; there are: " + names;
  if (guard.law == "fixed" && guard.limit == 0) return "the law 'fixed' needs a 'limit'";
  if (guard.law != "fixed" && guard.limit != 0)
    return "'limit' belongs to the law 'fixed'; others take limit_min and limit_max";
  return guard.limit_min <= guard.limit_max ? "" : "limit_min is above limit_max";
}

Table<GuardKeys> guard_table() {
  return Table<GuardKeys>()
      .text("law", &GuardKeys::law, "The control law that sets the limit; none: no guard")
      .integer("limit", &GuardKeys::limit, 1, kLimitMax, "Of the law 'fixed'")
      .integer("limit_min", &GuardKeys::limit_min, 1, kLimitMax, "The limit is never below")
      .integer("limit_max", &GuardKeys::limit_max, 1, kLimitMax, "The limit is never above")
      .table("queue", &GuardKeys::queue, queue_table(), "Where requests wait for room")
      .table("breaker", &GuardKeys::breaker, breaker_table(), "A breaker before the limiter")
      .custom("bulkheads", &GuardKeys::bulkheads, &read_bulkheads, &describe_bulkheads,
              "By route: the most it may have in flight", "a mapping by route")
      .rule(check_law);
}

Table<CallingSpec> calling_table() {
  return Table<CallingSpec>()
      .duration("timeout", &CallingSpec::timeout, "Of one attempt; 0s: as long as it takes")
      .integer("retries", &CallingSpec::retries, 0, 100, "Further attempts after the first")
      .duration("backoff", &CallingSpec::backoff,
                "Longest wait before the first retry; doubles with each, full jitter")
      .percent("retry_budget", &CallingSpec::retry_budget,
               "Retries that a success earns, besides 10 a second; 0%: retries are unbounded")
      .table("breaker", &CallingSpec::breaker, breaker_table(), "One for each service called");
}

std::string check_fault(const FaultKeys& fault) {
  if (fault.to <= fault.from) return "a fault ends after it begins: 'to' is not after 'from'";
  switch (fault.kind) {
    case FaultKind::kSlow:
      return fault.factor > 1 ? "" : "a fault of kind slow needs a 'factor' above 1";
    case FaultKind::kWorkers:
    case FaultKind::kPause:
    case FaultKind::kFail: return "";
    case FaultKind::kTime: return fault.time ? "" : "a fault of kind time needs a 'time'";
  }
  return "";
}

Table<FaultKeys> fault_table() {
  return Table<FaultKeys>()
      .choice("kind", &FaultKeys::kind,
              {{"slow", FaultKind::kSlow},
               {"pause", FaultKind::kPause},
               {"workers", FaultKind::kWorkers},
               {"fail", FaultKind::kFail},
               {"time", FaultKind::kTime}},
              "Work takes longer, stands still, has fewer workers, ends in errors, or is another "
              "kind of work")
      .required()
      .duration("from", &FaultKeys::from, "When it begins")
      .required()
      .duration("to", &FaultKeys::to, "When it ends")
      .required()
      .number("factor", &FaultKeys::factor, 1, 10'000, "slow: work takes this many times as long")
      .integer("workers", &FaultKeys::workers, 0, 1'000'000, "workers: how many are left")
      .percent("share", &FaultKeys::share, "fail: share of the work that ends in an error")
      .integer("instances", &FaultKeys::instances, 1, kInstancesMax,
               "Only the first so many instances; default all")
      .table("time", &FaultKeys::time, time_table(), "time: the work of requests meanwhile")
      .rule(check_fault);
}

Table<ServiceSpec> physics_table() {
  using Spec = ServiceSpec;
  return Table<Spec>()
      .integer("instances", &Spec::instances, 1, kInstancesMax, "Behind a balancer")
      .choice("balancing", &Spec::balancing,
              {{"round_robin", Balancing::kRoundRobin},
               {"random", Balancing::kRandom},
               {"least_of_two", Balancing::kLeastOfTwo}},
              "Which instance is sent a request; least_of_two takes, of two at random, the one "
              "with fewer inside")
      .integer("workers", &Spec::workers, 1, 1'000'000, "Requests worked on at once, per instance")
      .table("time", &Spec::time, time_table(), "The work of a request")
      .required()
      .number("contention", &Spec::contention, 0, 1000,
              "With n requests inside and K workers, work takes 1 + contention·max(0, n/K − 1) "
              "times as long")
      .table("scalability", &Spec::scalability,
             Table<Scalability>()
                 .number("serial", &Scalability::serial, 0, 1, "σ of the universal scalability law")
                 .number("coherency", &Scalability::coherency, 0, 1, "κ of it"),
             "Gunther's law: work takes 1 + σ(n − 1) + κn(n − 1) times as long")
      .table("thrashing", &Spec::thrashing,
             Table<Thrashing>()
                 .number("above", &Thrashing::above, 0, 1000, "Requests inside for each worker")
                 .number("factor", &Thrashing::factor, 1, 1000, "Work takes so many times as long"),
             "A cliff: beyond so many requests inside, work is dearer")
      .table("quota", &Spec::quota,
             Table<CpuQuota>()
                 .duration("period", &CpuQuota::period, "As cgroups: 100ms")
                 .percent("share", &CpuQuota::share,
                          "Runs for this share of each period, and then "
                          "stands still")
                 .rule([](const CpuQuota& quota) -> std::string {
                   return quota.period > Duration{} && quota.share > 0
                              ? ""
                              : "a quota needs a period longer than 0s and a share above 0%";
                 }),
             "CPU quota")
      .duration("network", &Spec::network, "One way, between the guard and the service")
      .boolean("blocking", &Spec::holds_worker_during_calls,
               "A request keeps its worker while it waits for its calls")
      .table("calling", &Spec::calling, calling_table(), "How it calls other services");
}

Table<ServiceKeys> service_table() {
  return Table<ServiceKeys>()
      .merge(&ServiceKeys::spec, physics_table())
      .table("guard", &ServiceKeys::guard, guard_table(), "Stands before each instance")
      .tables("faults", &ServiceKeys::faults, fault_table(), "What goes wrong, and when");
}

Table<RouteKeys> route_table() {
  return Table<RouteKeys>()
      .located("entry", &RouteKeys::entry, "The service that clients reach")
      .required()
      .custom("calls", &RouteKeys::calls, &read_calls, &describe_calls,
              "By service: whom it calls, all at once, when its own work is done",
              "a mapping of lists");
}

Table<RateKeys> rate_table() {
  return Table<RateKeys>()
      .duration("at", &RateKeys::at, "From when on")
      .required()
      .rate("rate", &RateKeys::rate, "Requests, Poisson arrivals")
      .required()
      .duration("ramp", &RateKeys::ramp, "Gets there in a straight line of this length");
}

// A list of steps, or one rate for all the time.
void read_rates(const Node& node, Diagnostics& out, std::vector<RateKeys>& into) {
  if (node.kind != Node::Kind::kSequence) {
    config::rate_form().read(node, out, into.emplace_back().rate);
    return;
  }
  for (const Node& item : node.items) rate_table().read(item, out, into.emplace_back());
}

void describe_rates(observe::JsonWriter& json) {
  json.key("oneOf");
  json.begin_array();
  json.begin_object();
  config::text_schema(config::kRatePattern)(json);
  json.end_object();
  json.begin_object();
  json.member("type", "array");
  json.key("items");
  json.begin_object();
  rate_table().schema(json);
  json.end_object();
  json.end_object();
  json.end_array();
}

std::string check_client(const ClientKeys& client) {
  const bool open = !client.rate.empty() || !client.bursts.empty();
  if (client.route.text.empty() == client.to.text.empty())
    return "a client has either a 'route' or a service it goes 'to'";
  if (!open && client.spec.users == 0) return "a client needs a 'rate', 'bursts' or 'users'";
  if (open && client.spec.users > 0) return "'users' are a closed loop; they have no rate";
  if (client.spec.timeout <= Duration{}) return "the timeout must be longer than 0s";
  for (size_t i = 1; i < client.rate.size(); ++i)
    if (client.rate[i].at < client.rate[i - 1].at + client.rate[i - 1].ramp)
      return "the steps of 'rate' are not in order of time";
  double total = 0;
  for (const auto& [name, share] : client.priorities) {
    total += share;
    if (!criticality_from(name))
      return "there is no priority '" + name +
             "'; there are: CRITICAL_PLUS, CRITICAL, SHEDDABLE_PLUS, SHEDDABLE";
  }
  const bool whole = total > 0.999 && total < 1.001;
  return client.priorities.empty() || whole ? "" : "the shares of 'priorities' must add up to 100%";
}

Table<ClientSpec> client_spec_table() {
  using Spec = ClientSpec;
  return Table<Spec>()
      .integer("users", &Spec::users, 1, 1'000'000, "Closed loop: so many, one request each")
      .duration("think", &Spec::think, "Their mean pause between answer and next request")
      .duration("timeout", &Spec::timeout, "How long an attempt is waited for")
      .integer("retries", &Spec::retries, 0, 100, "Further attempts after the first")
      .duration("backoff", &Spec::backoff,
                "Longest wait before the first retry; doubles with each, full jitter")
      .percent("retry_budget", &Spec::retry_budget,
               "Retries that a success earns, besides 10 a second; 0%: retries are unbounded")
      .table("breaker", &Spec::breaker, breaker_table(), "The clients' own")
      .boolean("tells_deadline", &Spec::tells_deadline, "Guards know the time-out as a deadline")
      .integer("cost", &Spec::cost, 1, 1'000'000,
               "Of a request: so many units of the limit, and times the usual work");
}

Table<ClientKeys> client_table() {
  return Table<ClientKeys>()
      .located("route", &ClientKeys::route, "The name of a route")
      .located("to", &ClientKeys::to, "The name of a service, when it calls no other")
      .custom("rate", &ClientKeys::rate, &read_rates, &describe_rates,
              "Open loop: a rate, or a list of steps with `at`, `rate` and `ramp`",
              "a rate, or a list")
      .tables("bursts", &ClientKeys::bursts,
              Table<BurstKeys>()
                  .duration("at", &BurstKeys::at, "When")
                  .required()
                  .integer("requests", &BurstKeys::requests, 1, kManyRequests, "How many at once")
                  .required(),
              "Many requests at one instant")
      .merge(&ClientKeys::spec, client_spec_table())
      .text("tenant", &ClientKeys::tenant, "Clients of one tenant share its name")
      .custom("priorities", &ClientKeys::priorities, &read_priorities, &describe_priorities,
              "Shares of CRITICAL_PLUS, CRITICAL, SHEDDABLE_PLUS and SHEDDABLE; default all "
              "CRITICAL",
              "a mapping of shares")
      .rule(check_client);
}

Table<ExpectKeys> expect_table() {
  return Table<ExpectKeys>()
      .located("client", &ExpectKeys::client, "Whose figures")
      .required()
      .duration("from", &ExpectKeys::from, "Begin of the stretch that is judged")
      .duration("to", &ExpectKeys::to, "Its end; default the end of the scenario")
      .percent("good_min", &ExpectKeys::good_min, "Good answers, of what was offered")
      .percent("refused_max", &ExpectKeys::refused_max, "Attempts that guards refused")
      .number("attempts_max", &ExpectKeys::attempts_max, 1, 1000, "Attempts for each request")
      .duration("p99_max", &ExpectKeys::p99_max, "Of good answers in the measured stretch")
      .duration("recovery_max", &ExpectKeys::recovery_max,
                "From 'from' until a second has 99% good answers");
}

}  // namespace

Table<FileKeys> scenario_table() {
  return Table<FileKeys>()
      .integer("version", &FileKeys::version, 1, 1, "The version of this format")
      .required()
      .integer("seed", &FileKeys::seed, 0, INT64_MAX, "Of all randomness")
      .duration("duration", &FileKeys::duration, "How long clients send")
      .required()
      .table("measure", &FileKeys::measure,
             Table<MeasureKeys>()
                 .duration("from", &MeasureKeys::from, "Begin")
                 .duration("to", &MeasureKeys::to, "End; default the end of the scenario"),
             "The stretch that totals and quantiles are taken of")
      .table("guard", &FileKeys::guard, guard_table(), "For services that name none of their own")
      .named("services", &FileKeys::services, service_table(), "By name")
      .required()
      .named("routes", &FileKeys::routes, route_table(), "By name: who calls whom")
      .named("clients", &FileKeys::clients, client_table(), "By name: who asks")
      .required()
      .tables("expect", &FileKeys::expect, expect_table(),
              "What must come out; exit code 1 when it does not")
      .rule([](const FileKeys& file) -> std::string {
        if (file.services.empty() || file.clients.empty())
          return "a scenario needs at least one service and one client";
        if (file.duration <= Duration{}) return "the duration must be longer than 0s";
        if (file.duration > kDurationMax) return "a scenario lasts a day at most";
        uint64_t instances = 0;
        for (const auto& [name, service] : file.services) instances += service.spec.instances;
        return instances <= kInstancesMax
                   ? ""
                   : "there are " + std::to_string(instances) + " instances, at most " +
                         std::to_string(kInstancesMax);
      });
}

}  // namespace weir::sim
