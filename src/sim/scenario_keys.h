// A scenario file as it is written; scenario.cc makes a ScenarioSpec of it. Private to these files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/table.h"
#include "sim/spec.h"

namespace weir::sim {

using config::Located;

/// A rate from an instant on; with `ramp` it gets there in a straight line.
struct RateKeys {
  Duration at{};
  double rate = 0;
  Duration ramp{};
};

struct BurstKeys {
  Duration at{};
  uint32_t requests = 1;
};

enum class FaultKind : uint8_t { kSlow, kPause, kWorkers, kFail, kTime };

struct FaultKeys {
  FaultKind kind = FaultKind::kSlow;
  Duration from{};
  Duration to{};
  double factor = 1;
  uint32_t workers = 0;
  double share = 1;
  uint32_t instances = 0;
  std::optional<ServiceTime> time;
};

struct QueueKeys {
  bool on = true;
  AdmissionQueue::Options options;
};

struct GuardKeys {
  std::string law = "elastic";
  uint32_t limit = 0;
  uint32_t limit_min = 1;
  uint32_t limit_max = 100'000;
  QueueKeys queue;
  std::optional<Breaker::Options> breaker;
  std::map<std::string, uint32_t> bulkheads;
};

struct ServiceKeys {
  ServiceSpec spec;
  std::optional<GuardKeys> guard;
  std::vector<FaultKeys> faults;
};

/// Who calls whom on a route.
struct Calls {
  Located from;
  std::vector<Located> to;
};
using CallKeys = std::vector<Calls>;

struct RouteKeys {
  Located entry;
  CallKeys calls;
};

struct ClientKeys {
  ClientSpec spec;
  Located route;
  Located to;
  std::vector<RateKeys> rate;
  std::vector<BurstKeys> bursts;
  std::string tenant;
  std::map<std::string, double> priorities;
};

struct ExpectKeys {
  Located client;
  Duration from{};
  Duration to{};
  double good_min = 0;
  double refused_max = 1;
  double attempts_max = 0;
  Duration p99_max{};
  Duration recovery_max{};
};

struct MeasureKeys {
  Duration from{};
  Duration to{};
};

struct FileKeys {
  int version = 1;
  uint64_t seed = 1;
  Duration duration{};
  MeasureKeys measure;
  std::optional<GuardKeys> guard;
  std::map<std::string, ServiceKeys> services;
  std::map<std::string, RouteKeys> routes;
  std::map<std::string, ClientKeys> clients;
  std::vector<ExpectKeys> expect;
};

config::Table<FileKeys> scenario_table();

}  // namespace weir::sim
