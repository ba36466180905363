// The tables of the configuration file: every key, its bounds, and its line in the reference.
#include <algorithm>

#include "proxy/config_keys.h"
#include "weir/control/registry.h"

namespace weir::proxy {
namespace {

using config::Table;

constexpr int64_t kRequestsMax = 1'000'000;

config::Form<Share> share_form() {
  config::Form<Share> form;
  form.type = "a percentage or a number";
  form.schema = config::text_schema(R"(^[0-9]+(\.[0-9]+)?%?$)");
  form.read = [](const config::Node& node, config::Diagnostics& out, Share& share) {
    const bool is_scalar = node.kind == config::Node::Kind::kScalar;
    if (const auto percent = config::parse_percent(node.text); is_scalar && percent) {
      share = {*percent, UINT32_MAX};
      return true;
    }
    const auto count = config::parse_integer(node.text);
    if (is_scalar && count && *count >= 0 && *count <= kRequestsMax) {
      share = {1, static_cast<uint32_t>(*count)};
      return true;
    }
    config::expect(node, out, "a share; write a percentage of the limit, as in 40%, or a number");
    return false;
  };
  form.show = [](const Share& share) {
    return share.count == UINT32_MAX ? config::format_percent(share.ratio)
                                     : std::to_string(share.count);
  };
  return form;
}

config::Form<Criticality> criticality_form() {
  std::vector<std::pair<std::string, Criticality>> choices;
  for (int i = 0; i < kCriticalityCount; ++i) {
    const auto criticality = static_cast<Criticality>(i);
    choices.emplace_back(to_string(criticality), criticality);
  }
  return config::choice_form(std::move(choices));
}

Table<ListenKeys> listen_table() {
  return Table<ListenKeys>()
      .text("http", &ListenKeys::http, "Where callers connect: HOST:PORT or unix:/path")
      .text("admin", &ListenKeys::admin, "Metrics, health and state: HOST:PORT")
      .boolean("trust_priority", &ListenKeys::trust_priority,
               "Callers are neighbours: their claims of criticality count as they are")
      .boolean("trust_forwarded_proto", &ListenKeys::trust_forwarded_proto,
               "Pass X-Forwarded-Proto on: behind a TLS terminator")
      .boolean("report_load", &ListenKeys::report_load,
               "Tell callers on every answer how much more is taken: ORCA, with weir_credits");
}

Table<Timeouts> timeouts_table() {
  return Table<Timeouts>()
      .duration("connect", &Timeouts::connect, "To connect to an endpoint")
      .duration("request_head", &Timeouts::request_head, "For the head of a request to come")
      .duration("request_body", &Timeouts::body_rate_window,
                "For each KiB of a request's body to come")
      .duration("response", &Timeouts::response,
                "From the request's last byte to the head of the answer")
      .duration("stream_idle", &Timeouts::stream_idle, "For a stalled answer to go on")
      .duration("connection_idle", &Timeouts::connection_idle, "For a caller's next request")
      .duration("upstream_idle", &Timeouts::upstream_idle,
                "For the next use of a pooled connection")
      .duration("drain", &Timeouts::drain, "For what is under way, after SIGTERM")
      .rule([](const Timeouts& timeouts) -> std::string {
        for (const Duration each :
             {timeouts.connect, timeouts.request_head, timeouts.body_rate_window, timeouts.response,
              timeouts.stream_idle, timeouts.connection_idle, timeouts.upstream_idle})
          if (each < std::chrono::milliseconds(1))
            return "a time-out below 1ms would fail everything; none can be turned off";
        return {};
      });
}

std::string check_law(const ConcurrencyKeys& keys) {
  std::vector<std::string> known;
  for (const LimitRegistration& law : registered_limits()) known.emplace_back(law.name);
  if (std::find(known.begin(), known.end(), keys.law) != known.end()) return {};
  return "there is no law '" + keys.law + "'; there are: " + config::list_of(known);
}

Table<ConcurrencyKeys> concurrency_table() {
  return Table<ConcurrencyKeys>()
      .choice("mode", &ConcurrencyKeys::mode,
              {{"adaptive", LimitMode::kAdaptive}, {"fixed", LimitMode::kFixed}},
              "Let a control law find the limit, or hold it")
      .integer("min", &ConcurrencyKeys::min, 1, kRequestsMax, "Requests in flight, at least")
      .integer("max", &ConcurrencyKeys::max, 1, kRequestsMax, "Requests in flight, at most")
      .integer("limit", &ConcurrencyKeys::limit, 1, kRequestsMax, "The limit of mode fixed")
      .text("law", &ConcurrencyKeys::law, "The control law of mode adaptive")
      .rule(check_law)
      .rule([](const ConcurrencyKeys& keys) -> std::string {
        return keys.min <= keys.max ? "" : "'min' is above 'max'";
      })
      .rule([](const ConcurrencyKeys& keys) -> std::string {
        if ((keys.mode == LimitMode::kFixed) == (keys.limit != 0)) return {};
        return "'limit' and 'mode: fixed' belong together";
      });
}

Table<QueueOptions> queue_table() {
  return Table<QueueOptions>()
      .integer("max_depth", &QueueOptions::depth_max, 0, kRequestsMax,
               "Requests that may wait, a worker; 0: none waits. It follows the limit below that")
      .duration("max_wait", &QueueOptions::wait_max, "How long a request may wait");
}

Table<ConnectionKeys> connections_table() {
  return Table<ConnectionKeys>()
      .integer("max", &ConnectionKeys::max, 1, kRequestsMax,
               "To one endpoint, a worker; beyond it a request is refused")
      .integer("idle", &ConnectionKeys::idle, 0, kRequestsMax,
               "Kept open to one endpoint, a worker");
}

Table<BreakerKeys> breaker_table() {
  const auto open_when =
      Table<OpenWhenKeys>()
          .percent("failures", &OpenWhenKeys::failures, "This share of the calls failed")
          .percent("slow", &OpenWhenKeys::slow,
                   "This share was slow; calls in flight for that long count")
          .duration("slower_than", &OpenWhenKeys::slower_than, "What slow means")
          .duration("window", &OpenWhenKeys::window, "Over this time")
          .integer("min_requests", &OpenWhenKeys::min_requests, 1, kRequestsMax,
                   "Fewer calls than this prove nothing")
          .rule([](const OpenWhenKeys& keys) -> std::string {
            if (keys.window < std::chrono::milliseconds(10)) return "'window' is below 10ms";
            if (keys.slower_than <= Duration::zero()) return "'slower_than' is 0s";
            if (keys.slower_than <= 10 * keys.window) return {};
            return "'slower_than' is over ten windows, so nothing would ever be slow";
          });
  const auto open_for =
      Table<OpenForKeys>()
          .duration("initial", &OpenForKeys::initial, "The first cool-down")
          .duration("max", &OpenForKeys::max, "It doubles with each opening in a row up to this")
          .rule([](const OpenForKeys& keys) -> std::string {
            if (keys.initial < std::chrono::milliseconds(10)) return "'initial' is below 10ms";
            return keys.initial <= keys.max ? "" : "'initial' is above 'max'";
          });
  return Table<BreakerKeys>()
      .table("open_when", &BreakerKeys::open_when, open_when, "What opens it")
      .table("open_for", &BreakerKeys::open_for, open_for, "How long it refuses everything")
      .integer("probes", &BreakerKeys::probes, 1, 1000,
               "Calls that must succeed, all of them, to close it");
}

Table<BalanceKeys> balance_table() {
  const auto ejection =
      Table<EjectionKeys>()
          .integer("failures", &EjectionKeys::failures, 0, kRequestsMax,
                   "Failures and time-outs in a row; answers of overload do not count; 0: never")
          .duration("base", &EjectionKeys::base, "For how long; doubles with each in a row")
          .duration("max", &EjectionKeys::max, "For how long at most")
          .percent("max_share", &EjectionKeys::max_share, "Of the endpoints, at the same time")
          .rule([](const EjectionKeys& keys) -> std::string {
            return keys.base <= keys.max ? "" : "'base' is above 'max'";
          });
  return Table<BalanceKeys>()
      .choice("policy", &BalanceKeys::policy,
              {{"peak-ewma", BalancePolicy::kPeakEwma},
               {"least-request", BalancePolicy::kLeastRequest},
               {"round-robin", BalancePolicy::kRoundRobin},
               {"ring-hash", BalancePolicy::kRingHash}},
              "How an endpoint is chosen")
      .text("hash_header", &BalanceKeys::hash_header,
            "The key of ring-hash; the caller's address unless given")
      .table("ejection", &BalanceKeys::ejection, ejection,
             "Leaves an endpoint alone that fails among others that do not")
      .percent("panic_share", &BalanceKeys::panic_share,
               "With fewer good endpoints than this, ejection is ignored")
      .duration("slow_start", &BalanceKeys::slow_start,
                "For so long an endpoint that comes back gets less than its share")
      .rule([](const BalanceKeys& keys) -> std::string {
        if (keys.hash_header.empty() || keys.policy == BalancePolicy::kRingHash) return {};
        return "'hash_header' belongs to 'policy: ring-hash'";
      });
}

Table<HealthOptions> health_table() {
  return Table<HealthOptions>()
      .text("path", &HealthOptions::path, "Asked with GET; 2xx passes")
      .duration("interval", &HealthOptions::interval, "Between two checks of an endpoint")
      .duration("timeout", &HealthOptions::timeout, "For one check")
      .integer("unhealthy_after", &HealthOptions::unhealthy_after, 1, 100, "Failed checks in a row")
      .integer("healthy_after", &HealthOptions::healthy_after, 1, 100, "Passed checks in a row")
      .rule([](const HealthOptions& keys) -> std::string {
        if (!keys.path.starts_with('/')) return "'path' begins with '/'";
        if (keys.interval < std::chrono::milliseconds(10)) return "'interval' is below 10ms";
        return keys.timeout <= keys.interval ? "" : "'timeout' is above 'interval'";
      });
}

// Words of retry.on; every other must be a status.
constexpr std::string_view kRetryWords[] = {"connect-failure", "refused-stream", "reset",
                                            "timeout"};

std::string check_retry_on(const RetryKeys& keys) {
  for (const std::string& word : keys.on) {
    if (std::find(std::begin(kRetryWords), std::end(kRetryWords), word) != std::end(kRetryWords))
      continue;
    const auto status = config::parse_integer(word);
    if (status && *status >= 400 && *status <= 599) continue;
    return "'" + word +
           "' in 'on' is not connect-failure, refused-stream, reset, timeout or a "
           "status from 400 to 599";
  }
  return {};
}

Table<RetryKeys> retry_table() {
  const auto backoff =
      Table<BackoffKeys>()
          .duration("base", &BackoffKeys::base, "The longest wait before the second try")
          .duration("max", &BackoffKeys::max, "The longest wait before any try");
  const auto budget =
      Table<BudgetKeys>()
          .percent("percent", &BudgetKeys::percent, "Retries a successful request pays for")
          .duration("interval", &BudgetKeys::interval,
                    "What min_rate can save up: so many seconds of it")
          .rate("min_rate", &BudgetKeys::min_rate, "Retries that are always paid for")
          .rule([](const BudgetKeys& keys) -> std::string {
            const double tokens = keys.min_rate * to_seconds(keys.interval);
            return tokens >= 1 && tokens <= 1e6
                       ? ""
                       : "'min_rate' times 'interval' is not between 1 and a million retries";
          });
  return Table<RetryKeys>()
      .place(&RetryKeys::place)
      .integer("attempts", &RetryKeys::attempts, 1, 10, "Tries in all, the first included")
      .list("on", &RetryKeys::on, config::text_form(),
            "What is tried again: connect-failure, refused-stream, reset, timeout, or a status. "
            "All but the first two only for idempotent methods and with an Idempotency-Key")
      .duration("per_try_timeout", &RetryKeys::per_try_timeout,
                "For the head of one try's answer; 0s: timeouts.response bounds it")
      .table("backoff", &RetryKeys::backoff, backoff, "Between tries: full jitter, doubling")
      .table("budget", &RetryKeys::budget, budget, "What pays for tries after the first")
      .duration("max_pushback", &RetryKeys::max_pushback,
                "A Retry-After that is longer ends the trying")
      .size("max_body", &RetryKeys::max_body, "A larger body is sent once")
      .rule(check_retry_on);
}

Table<UpstreamKeys> upstream_table() {
  return Table<UpstreamKeys>()
      .place(&UpstreamKeys::place)
      .texts("to", &UpstreamKeys::to, "Its endpoints: http://HOST:PORT or unix:/path")
      .required()
      .placed(&UpstreamKeys::to_place)
      .table("concurrency", &UpstreamKeys::concurrency, concurrency_table(),
             "Bounds of the requests in flight")
      .table("queue", &UpstreamKeys::queue, queue_table(), "Where requests wait for a moment")
      .table("connections", &UpstreamKeys::connections, connections_table(), "Bounds of the pool")
      .table("breaker", &UpstreamKeys::breaker, breaker_table(),
             "Stops asking a service that fails; off unless it is here")
      .table("balance", &UpstreamKeys::balance, balance_table(), "Which endpoint is asked")
      .table("health", &UpstreamKeys::health, health_table(),
             "Asks each endpoint now and then; off unless it is here")
      .boolean("credits", &UpstreamKeys::credits,
               "It is a weir with report_load: keep here what it would refuse")
      .table("retry", &UpstreamKeys::retry, retry_table(), "When a request is sent again");
}

Table<BulkheadKeys> bulkhead_table() {
  return Table<BulkheadKeys>()
      .place(&BulkheadKeys::place)
      .text("upstream", &BulkheadKeys::upstream, "Whose limit it is a share of")
      .required()
      .placed(&BulkheadKeys::upstream_place)
      .percent("reserve", &BulkheadKeys::reserve,
               "This share of the limit is kept for it, even while it is idle")
      .placed(&BulkheadKeys::reserve_place)
      .value("max", &BulkheadKeys::max, share_form(),
             "Its requests in flight, at most: a share of the limit, or a number; 0 blocks")
      .rule([](const BulkheadKeys& keys) -> std::string {
        return keys.reserve <= keys.max.ratio ? "" : "'reserve' is above 'max'";
      });
}

// Why a path cannot match what somebody means by it; empty when it can.
std::string check_path(const std::string& path) {
  if (path.empty() || path == "*") return {};
  if (path.front() != '/') return "a path begins with '/'";
  if (path.find_first_of("?#") != path.npos)
    return "a path has no '?' or '#': the query never counts";
  const size_t star = path.find('*');
  if (star != path.npos && (star + 1 != path.size() || path[star - 1] != '/'))
    return "'*' stands only at the end of a path, after a '/'";
  return {};
}

std::string check_host(const std::string& host) {
  const size_t star = host.find('*');
  if (star != host.npos && (star != 0 || !host.starts_with("*.") || host.size() < 3))
    return "'*' stands only at the front of a host, as in *.example.org";
  const size_t last = host.starts_with('[') ? host.rfind(']') : 0;
  return host.find(':', last) == host.npos ? "" : "a host has no port: it matches every port";
}

Table<RouteMatch> match_table() {
  return Table<RouteMatch>()
      .text("host", &RouteMatch::host, "shop.example, or *.example for every host below it")
      .text("path", &RouteMatch::path, "/cart exactly, or /cart/* with all below it")
      .texts("methods", &RouteMatch::methods, "GET, POST, …")
      .settings("headers", &RouteMatch::headers,
                "Headers that must be there with these values; * takes any")
      .rule([](const RouteMatch& match) { return check_path(match.path); })
      .rule([](const RouteMatch& match) { return check_host(match.host); })
      .rule([](const RouteMatch& match) -> std::string {
        for (const std::string& method : match.methods)
          if (std::any_of(method.begin(), method.end(),
                          [](char c) { return c >= 'a' && c <= 'z'; }))
            return "methods are case-sensitive: write '" + method + "' in capitals";
        return {};
      });
}

Table<RouteKeys> route_table() {
  return Table<RouteKeys>()
      .place(&RouteKeys::place)
      .text("name", &RouteKeys::name, "In metrics; its path unless given")
      .table("match", &RouteKeys::match, match_table(), "What it takes; everything unless given")
      .text("to", &RouteKeys::to, "The name of an upstream")
      .required()
      .placed(&RouteKeys::to_place)
      .text("bulkhead", &RouteKeys::bulkhead, "The name of a bulkhead of that upstream")
      .placed(&RouteKeys::bulkhead_place)
      .value("priority", &RouteKeys::priority, criticality_form(),
             "Of requests that claim none of their own")
      .duration("timeout", &RouteKeys::timeout,
                "From the arrival to the head of the answer, retries included; 0s: "
                "only timeouts.response bounds it");
}

}  // namespace

Table<FileKeys> file_table() {
  return Table<FileKeys>()
      .integer("version", &FileKeys::version, 1, 1, "The version of this format")
      .required()
      .table("listen", &FileKeys::listen, listen_table(), "Addresses to listen on")
      .integer("workers", &FileKeys::workers, 0, 64, "Event loops; 0: one for each CPU")
      .boolean("dry_run", &FileKeys::dry_run, "Decide and count, but refuse nobody")
      .table("timeouts", &FileKeys::timeouts, timeouts_table(), "One bound for each phase")
      .named("upstreams", &FileKeys::upstreams, upstream_table(), "Services, by name")
      .required()
      .named("bulkheads", &FileKeys::bulkheads, bulkhead_table(),
             "Shares of an upstream's limit, by name")
      .tables("routes", &FileKeys::routes, route_table(),
              "The first that matches counts; without any, all goes to the one upstream")
      .ignored("kafka", "Read by weir bridge");
}

}  // namespace weir::proxy
