#include "weir/control/registry.h"

#include "weir/control/aimd_limit.h"
#include "weir/control/brpc_limit.h"
#include "weir/control/elastic_limit.h"
#include "weir/control/envoy_limit.h"
#include "weir/control/failsafe_limit.h"
#include "weir/control/fixed_limit.h"
#include "weir/control/gradient2_limit.h"
#include "weir/control/vegas_limit.h"

namespace weir {
namespace {

template <typename Law, typename Options>
std::unique_ptr<Limit> make_plain(uint64_t /*seed*/) {
  return std::make_unique<Law>(Options{});
}

template <typename Law, typename Options>
std::unique_ptr<Limit> make_seeded(uint64_t seed) {
  Options options;
  options.seed = seed;
  return std::make_unique<Law>(options);
}

constexpr LimitRegistration kRegistrations[] = {
    {"elastic", "what throughput does when the limit moves (weir's own, the default)",
     make_plain<ElasticLimit, ElasticLimitOptions>},
    {"fixed", "a constant", make_plain<FixedLimit, FixedLimitOptions>},
    {"aimd", "+1, and ×0.9 on a drop (Netflix)", make_plain<AimdLimit, AimdLimitOptions>},
    {"vegas", "3 to 6 requests queued over the least latency (Netflix)",
     make_seeded<VegasLimit, VegasLimitOptions>},
    {"gradient2", "latency now against its long average (Netflix)",
     make_plain<Gradient2Limit, Gradient2LimitOptions>},
    {"envoy", "median latency against one measured at 3 in flight (Envoy)",
     make_seeded<EnvoyLimit, EnvoyLimitOptions>},
    {"brpc", "best rate times least latency (Apache brpc)",
     make_seeded<BrpcLimit, BrpcLimitOptions>},
    {"failsafe", "smoothed p90 latency, with a veto by correlation (failsafe-go)",
     make_plain<FailsafeLimit, FailsafeLimitOptions>},
};

}  // namespace

std::span<const LimitRegistration> registered_limits() noexcept {
  return kRegistrations;
}

std::unique_ptr<Limit> make_limit(std::string_view name, uint64_t seed) {
  for (const LimitRegistration& registration : kRegistrations)
    if (registration.name == name) return registration.make(seed);
  return nullptr;
}

}  // namespace weir
