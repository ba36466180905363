#include "sim/contestants.h"

#include "sim/gate_peer.h"
#include "weir/control/aimd_limit.h"
#include "weir/control/bbr_limit.h"
#include "weir/control/brpc_limit.h"
#include "weir/control/cpu_limit.h"
#include "weir/control/envoy_limit.h"
#include "weir/control/failsafe_limit.h"
#include "weir/control/fixed_limit.h"
#include "weir/control/gradient2_limit.h"
#include "weir/control/registry.h"
#include "weir/control/vegas_limit.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;

// Finagle's and Linkerd's default: a fifth on top; ours is a tenth, so that attempts stay below
// 1.15 a request.
constexpr double kRetryBudget = 0.1;

template <typename Law, typename Options>
GuardSpec guard(const std::string& name, const Options& options) {
  GuardSpec spec;
  spec.name = name;
  spec.law = [options](uint64_t seed) -> std::unique_ptr<Limit> {
    Options seeded = options;
    if constexpr (requires { seeded.seed; }) seeded.seed = seed;
    return std::make_unique<Law>(seeded);
  };
  spec.queue = true;
  spec.retry_budget = kRetryBudget;
  return spec;
}

// The documented defaults, as their libraries ship them: at the limit they refuse. The grid has our
// queue and our retry budget.
template <typename Law, typename Options>
Contestant contestant(const std::string& law, std::vector<std::pair<std::string, Options>> grid) {
  GuardSpec defaults = guard<Law>(law + " (defaults)", Options{});
  defaults.queue = false;
  defaults.retry_budget = 0;
  Contestant peer{law, {defaults}};
  for (const auto& [name, options] : grid)
    peer.settings.push_back(guard<Law>(law + " (" + name + ")", options));
  return peer;
}

// Schemes that decide at the door. DAGOR and Breakwater need no limit behind them.
template <typename Peer, typename Options>
GuardSpec door(const std::string& name, const Options& options, bool queue) {
  GuardSpec spec;
  spec.name = name;
  spec.gate = [options](const std::shared_ptr<const Limiter>&) {
    return std::make_shared<Peer>(options);
  };
  spec.queue = queue;
  spec.retry_budget = queue ? kRetryBudget : 0;
  return spec;
}

Contestant dagor() {
  return {"dagor",
          {door<Dagor, DagorOptions>("dagor (defaults)", {}, false),
           door<Dagor, DagorOptions>("dagor (wait 5 ms)", {.wait_max = milliseconds(5)}, true),
           door<Dagor, DagorOptions>("dagor (100 ms windows)",
                                     {.window = milliseconds(100), .wait_max = milliseconds(5)},
                                     true)}};
}

Contestant breakwater() {
  const auto with = [](int target_ms) {
    return door<Breakwater, BreakwaterOptions>(
        "breakwater (queue, target " + std::to_string(target_ms) + " ms)",
        {.target = milliseconds(target_ms)}, true);
  };
  return {
      "breakwater",
      {door<Breakwater, BreakwaterOptions>("breakwater (defaults)", {}, false), with(20), with(5)}};
}

Contestant cinnamon() {
  const auto with = [](const std::string& name, const FailsafeLimitOptions& options) {
    GuardSpec spec = guard<FailsafeLimit>(name, options);
    spec.gate = [](std::shared_ptr<const Limiter> limiter) {
      return std::make_shared<Cinnamon>(std::move(limiter));
    };
    return spec;
  };
  return {"cinnamon",
          {with("cinnamon (defaults)", {}), with("cinnamon (max 1000)", {.range = {1, 1000}})}};
}

}  // namespace

GuardSpec guard_of_law(const std::string& law) {
  GuardSpec spec;
  spec.name = law;
  spec.law = [law](uint64_t seed) { return make_limit(law, seed); };
  spec.retry_budget = kRetryBudget;
  return spec;
}

GuardSpec ours() {
  return guard_of_law("elastic");
}

std::vector<Contestant> peers() {
  const WindowSpec tenth{milliseconds(100), 10, std::chrono::seconds(1)};
  return {
      contestant<AimdLimit, AimdLimitOptions>(
          "aimd", {{"queue", {}},
                   {"queue, max 1000", {.range = {20, 1000}}},
                   {"queue, timeout 40 ms", {.timeout = milliseconds(40)}}}),
      contestant<VegasLimit, VegasLimitOptions>(
          "vegas", {{"queue", {}},
                    {"queue, 100 ms windows", {.window = tenth}},
                    {"queue, 100 ms windows, smoothing 0.3", {.smoothing = 0.3, .window = tenth}}}),
      contestant<Gradient2Limit, Gradient2LimitOptions>(
          "gradient2",
          {{"queue", {}},
           {"queue, max 1000, 100 ms", {.range = {4, 1000}, .window = tenth}},
           {"queue, tolerance 2, 100 ms", {.range = {4, 1000}, .tolerance = 2, .window = tenth}}}),
      contestant<EnvoyLimit, EnvoyLimitOptions>(
          "envoy", {{"queue", {}},
                    {"queue, buffer 50 %", {.buffer = 0.5}},
                    {"queue, 200 probe samples", {.probe_samples = 200}}}),
      contestant<BrpcLimit, BrpcLimitOptions>(
          "brpc", {{"queue", {}}, {"queue, explore to 0.15", {.explore_max = 0.15}}}),
      contestant<FailsafeLimit, FailsafeLimitOptions>(
          "failsafe", {{"queue", {}},
                       {"queue, max 1000, baseline 10", {.range = {1, 1000}, .baseline = 10}},
                       {"queue, max 1000, 100 ms", {.range = {1, 1000}, .window = tenth}}}),
      contestant<BbrLimit, BbrLimitOptions>(
          "bbr", {{"queue", {}},
                  {"queue, CPU unsmoothed", {.cpu_decay = 0}},
                  {"queue, CPU unsmoothed, 0.95", {.cpu_threshold = 0.95, .cpu_decay = 0}}}),
      contestant<CpuLimit, CpuLimitOptions>("cpu", {{"queue", {}},
                                                    {"queue, target 0.98", {.cpu_target = 0.98}},
                                                    {"queue, from 1000", {.range = {1, 1000}}}}),
      dagor(),
      breakwater(),
      cinnamon(),
  };
}

std::vector<Contestant> yardsticks(uint32_t workers) {
  const FixedLimitOptions knee{.limit = workers};
  GuardSpec bare = guard<FixedLimit>("oracle", knee);
  bare.queue = false;
  return {{"none", {GuardSpec{}}},
          {"oracle", {bare}},
          {"oracle+CoDel", {guard<FixedLimit>("oracle+CoDel", knee)}}};
}

}  // namespace weir::sim
