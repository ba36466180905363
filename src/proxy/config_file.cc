#include "proxy/config_file.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "proxy/config_keys.h"

namespace weir::proxy {
namespace {

Breaker::Options breaker_options(const BreakerKeys& keys) {
  Breaker::Options options;
  options.failed_ratio = keys.open_when.failures;
  options.slow_ratio = keys.open_when.slow;
  options.slow_after = keys.open_when.slower_than;
  options.window = keys.open_when.window;
  options.calls_min = keys.open_when.min_requests;
  options.open_initial = keys.open_for.initial;
  options.open_max = keys.open_for.max;
  options.probes = keys.probes;
  return options;
}

RetryOptions retry_options(const RetryKeys& keys) {
  RetryOptions options;
  options.tries_max = keys.attempts;
  const auto has = [&keys](std::string_view word) {
    return std::find(keys.on.begin(), keys.on.end(), word) != keys.on.end();
  };
  options.on_connect_failure = has("connect-failure") || has("refused-stream");
  options.on_reset = has("reset");
  options.on_timeout = has("timeout");
  for (const std::string& word : keys.on)
    if (const auto status = config::parse_integer(word))
      options.statuses.push_back(static_cast<uint16_t>(*status));
  options.backoff = {keys.backoff.base, keys.backoff.max};
  options.try_timeout = keys.per_try_timeout;
  options.pushback_max = keys.max_pushback;
  options.body_max = keys.max_body;
  return options;
}

RetryBudget::Options budget_options(const BudgetKeys& keys) {
  RetryBudget::Options options;
  options.ratio = keys.percent;
  options.min_rate = keys.min_rate;
  options.tokens_max = keys.min_rate * to_seconds(keys.interval);
  return options;
}

BalanceOptions balance_options(const BalanceKeys& keys) {
  BalanceOptions options;
  options.policy = keys.policy;
  options.ejection = {keys.ejection.failures, keys.ejection.base, keys.ejection.max,
                      keys.ejection.max_share};
  options.panic_share = keys.panic_share;
  options.slow_start = keys.slow_start;
  return options;
}

UpstreamOptions upstream_options(const std::string& name, const UpstreamKeys& keys) {
  UpstreamOptions options;
  options.name = name;
  options.targets = keys.to;
  options.law = keys.concurrency.law;
  options.limit_min = keys.concurrency.min;
  options.limit_max = keys.concurrency.max;
  if (keys.concurrency.mode == LimitMode::kFixed)
    options.limit_min = options.limit_max = keys.concurrency.limit;
  options.queue = keys.queue;
  options.connections_max = keys.connections.max;
  options.idle_max = keys.connections.idle;
  options.health = keys.health;
  options.credits = keys.credits;
  options.balance = balance_options(keys.balance);
  options.hash_header = keys.balance.hash_header;
  options.retry = retry_options(keys.retry);
  options.retry_budget = budget_options(keys.retry.budget);
  if (keys.breaker) options.breaker = breaker_options(*keys.breaker);
  return options;
}

BulkheadOptions bulkhead_options(const std::string& name, const BulkheadKeys& keys) {
  BulkheadOptions options;
  options.name = name;
  options.upstream = keys.upstream;
  options.reserve_ratio = keys.reserve;
  options.max_ratio = keys.max.ratio;
  options.max = keys.max.count;
  return options;
}

RouteOptions route_options(const RouteKeys& keys) {
  RouteOptions options;
  options.name = keys.name;
  options.match = keys.match;
  options.upstream = keys.to;
  options.bulkhead = keys.bulkhead;
  options.priority = keys.priority;
  options.timeout = keys.timeout;
  return options;
}

Options options_of(const FileKeys& keys) {
  Options options;
  options.listen = keys.listen.http;
  options.trust_priority = keys.listen.trust_priority;
  options.trust_forwarded_proto = keys.listen.trust_forwarded_proto;
  options.report_load = keys.listen.report_load;
  options.workers = keys.workers;
  options.dry_run = keys.dry_run;
  options.timeouts = keys.timeouts;
  for (const auto& [name, upstream] : keys.upstreams)
    options.upstreams.push_back(upstream_options(name, upstream));
  for (const auto& [name, bulkhead] : keys.bulkheads)
    options.bulkheads.push_back(bulkhead_options(name, bulkhead));
  for (const RouteKeys& route : keys.routes) options.routes.push_back(route_options(route));
  return options;
}

}  // namespace

Expected<ConfigFile> parse_config(const std::string& name, const std::string& text) {
  config::Diagnostics diagnostics(name, text);
  const config::Node root = config::parse_yaml(text, diagnostics);
  FileKeys keys;
  // After a syntax error there is nothing that the tables could judge.
  if (root.kind != config::Node::Kind::kNothing || diagnostics.ok()) {
    file_table().read(root, diagnostics, keys);
    check_file(keys, diagnostics);
  }
  if (!diagnostics.ok()) {
    const std::string count = std::to_string(diagnostics.count());
    return Unexpected<Error>(Error{ErrorKind::kConfig,
                                   count + (diagnostics.count() == 1 ? " mistake" : " mistakes") +
                                       " in the file\n" + diagnostics.render(),
                                   ""});
  }
  return ConfigFile{options_of(keys), keys.listen.admin, diagnostics.render()};
}

Expected<ConfigFile> load_config(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) {
    return Unexpected<Error>(
        Error{ErrorKind::kUnavailable, "cannot read '" + path + "'", "check the path"});
  }
  return parse_config(path, text.str());
}

std::string config_schema() {
  observe::JsonWriter json;
  json.begin_object();
  json.member("$schema", "https://json-schema.org/draft/2020-12/schema");
  json.member("title", "weir");
  file_table().schema(json);
  json.end_object();
  return json.text();
}

config::Rows config_rows() {
  config::Rows rows;
  file_table().rows("", rows);
  return rows;
}

}  // namespace weir::proxy
