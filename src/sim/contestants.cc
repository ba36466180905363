#include "sim/contestants.h"

#include "weir/control/aimd_limit.h"
#include "weir/control/brpc_limit.h"
#include "weir/control/envoy_limit.h"
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

// The documented defaults, as their libraries ship them: at the limit they refuse.
GuardSpec defaults_of(const std::string& law) {
  GuardSpec spec = guard_of_law(law);
  spec.name = law + " (defaults)";
  spec.queue = false;
  spec.retry_budget = 0;
  return spec;
}

template <typename Law, typename Options>
Contestant contestant(const std::string& law, std::vector<std::pair<std::string, Options>> grid) {
  Contestant peer{law, {defaults_of(law)}};
  for (const auto& [name, options] : grid)
    peer.settings.push_back(guard<Law>(law + " (" + name + ")", options));
  return peer;
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
  };
}

std::vector<Contestant> yardsticks(uint32_t workers) {
  const FixedLimitOptions knee{.limit = workers};
  GuardSpec bare = guard<FixedLimit>("oracle", knee);
  bare.queue = false;
  return {{"none", {GuardSpec{}}},
          {"oracle", {bare}},
          {"oracle + queue", {guard<FixedLimit>("oracle + queue", knee)}}};
}

}  // namespace weir::sim
