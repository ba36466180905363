// The configuration file as it is written: one struct a mapping, with the places that checks over
// the whole file point at. Options are made from it by config_file.cc.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/table.h"
#include "proxy/options.h"

namespace weir::proxy {

struct ListenKeys {
  std::string http = Options{}.listen;
  std::string admin = "127.0.0.1:9901";
  bool trust_priority = Options{}.trust_priority;
  bool trust_forwarded_proto = Options{}.trust_forwarded_proto;
  bool report_load = Options{}.report_load;
};

enum class LimitMode : uint8_t { kAdaptive, kFixed };

struct ConcurrencyKeys {
  LimitMode mode = LimitMode::kAdaptive;
  std::string law = UpstreamOptions{}.law;
  uint32_t min = UpstreamOptions{}.limit_min;
  uint32_t max = UpstreamOptions{}.limit_max;
  uint32_t limit = 0;  // of mode fixed
};

struct ConnectionKeys {
  uint32_t max = UpstreamOptions{}.connections_max;
  uint32_t idle = UpstreamOptions{}.idle_max;
};

struct OpenWhenKeys {
  double failures = Breaker::Options{}.failed_ratio;
  double slow = Breaker::Options{}.slow_ratio;
  Duration slower_than = Breaker::Options{}.slow_after;
  Duration window = Breaker::Options{}.window;
  uint32_t min_requests = Breaker::Options{}.calls_min;
};

struct OpenForKeys {
  Duration initial = Breaker::Options{}.open_initial;
  Duration max = Breaker::Options{}.open_max;
};

struct BreakerKeys {
  OpenWhenKeys open_when;
  OpenForKeys open_for;
  uint32_t probes = Breaker::Options{}.probes;
};

struct BackoffKeys {
  Duration base = Backoff{}.base;
  Duration max = Backoff{}.cap;
};

struct BudgetKeys {
  double percent = RetryBudget::Options{}.ratio;
  Duration interval = std::chrono::seconds(10);
  double min_rate = RetryBudget::Options{}.min_rate;
};

struct EjectionKeys {
  uint32_t failures = EjectionOptions{}.failures;
  Duration base = EjectionOptions{}.base;
  Duration max = EjectionOptions{}.max;
  double max_share = EjectionOptions{}.share_max;
};

struct BalanceKeys {
  BalancePolicy policy = BalanceOptions{}.policy;
  std::string hash_header;
  EjectionKeys ejection;
  double panic_share = BalanceOptions{}.panic_share;
  Duration slow_start = BalanceOptions{}.slow_start;
};

struct RetryKeys {
  config::Place place;
  int attempts = RetryOptions{}.tries_max;
  std::vector<std::string> on{"connect-failure", "refused-stream"};
  Duration per_try_timeout = RetryOptions{}.try_timeout;
  BackoffKeys backoff;
  BudgetKeys budget;
  Duration max_pushback = RetryOptions{}.pushback_max;
  size_t max_body = RetryOptions{}.body_max;
};

struct UpstreamKeys {
  config::Place place;
  std::vector<std::string> to;
  config::Place to_place;
  ConcurrencyKeys concurrency;
  QueueOptions queue;
  ConnectionKeys connections;
  std::optional<BreakerKeys> breaker;
  BalanceKeys balance;
  std::optional<HealthOptions> health;
  bool credits = UpstreamOptions{}.credits;
  RetryKeys retry;
};

/// Of a concurrency limit: "40%", or a number of requests.
struct Share {
  double ratio = 1;
  uint32_t count = UINT32_MAX;
};

struct BulkheadKeys {
  config::Place place;
  std::string upstream;
  config::Place upstream_place;
  double reserve = 0;
  config::Place reserve_place;
  Share max;
};

struct RouteKeys {
  config::Place place;
  std::string name;
  RouteMatch match;
  std::string to;
  config::Place to_place;
  std::string bulkhead;
  config::Place bulkhead_place;
  Criticality priority = RouteOptions{}.priority;
  Duration timeout = RouteOptions{}.timeout;
};

struct FileKeys {
  int version = 1;
  ListenKeys listen;
  uint16_t workers = Options{}.workers;
  bool dry_run = Options{}.dry_run;
  Timeouts timeouts;
  std::map<std::string, UpstreamKeys> upstreams;
  std::map<std::string, BulkheadKeys> bulkheads;
  std::vector<RouteKeys> routes;
};

/// The tables that read the file, write its schema and its reference.
config::Table<FileKeys> file_table();

/// What only the file as a whole shows: names that do not exist, reserves that do not fit, routes
/// that nothing can reach.
void check_file(const FileKeys& file, config::Diagnostics& out);

}  // namespace weir::proxy
