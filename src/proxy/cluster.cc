#include "proxy/cluster.h"

#include <algorithm>
#include <utility>

#include "net/url.h"
#include "weir/control/registry.h"

namespace weir::proxy {
namespace {

Error unknown_law(const std::string& law) {
  std::string known;
  for (const LimitRegistration& registration : registered_limits()) {
    if (!known.empty()) known += ", ";
    known += registration.name;
  }
  return {ErrorKind::kUsage, "there is no control law '" + law + "'", "choose one of: " + known};
}

}  // namespace

Expected<std::unique_ptr<Cluster>> Cluster::make(const Options& options, uint16_t workers,
                                                 observe::Registry& registry, Instant now) {
  if (options.targets.empty()) {
    return Unexpected<Error>(
        Error{ErrorKind::kUsage, "there is no upstream", "name one with --to http://HOST:PORT"});
  }
  std::vector<Endpoint> endpoints;
  for (const std::string& target : options.targets) {
    const auto url = net::Url::parse(target);
    if (!url) return Unexpected<Error>(url.error());
    const auto address = net::Address::resolve(url->endpoint);
    if (!address) return Unexpected<Error>(address.error());
    endpoints.push_back({*address, url->authority});
  }
  std::unique_ptr<Limit> law = make_limit(options.law, options.seed);
  if (law == nullptr) return Unexpected<Error>(unknown_law(options.law));
  std::string name = options.upstream_name;
  if (name.empty()) name = endpoints.front().authority;
  return std::unique_ptr<Cluster>(new Cluster(options, workers, std::move(endpoints),
                                              std::move(law), registry, std::move(name), now));
}

Cluster::Cluster(const Options& options, uint16_t workers, std::vector<Endpoint> endpoints,
                 std::unique_ptr<Limit> law, observe::Registry& registry, std::string name,
                 Instant now)
    : options_(options),
      workers_(workers),
      endpoints_(std::move(endpoints)),
      group_(std::make_shared<GateGroup>()),
      telemetry_(registry, "default", std::move(name)) {
  Limiter::Options bounds;
  bounds.limit_min = options_.limit_min;
  bounds.limit_max = options_.limit_max;
  bounds.worker_count = workers_;
  limiter_ = std::make_shared<Limiter>(std::move(law), bounds, now);
  retry_budget_ = std::make_unique<RetryBudget>(RetryBudget::Options{}, now);
  stack_ = std::make_shared<PolicyStack>(std::vector<std::shared_ptr<Policy>>{limiter_});
}

std::unique_ptr<Gate> Cluster::make_gate(uint16_t worker) const {
  Gate::Options options;
  options.queue.depth_max = options_.queue.depth_max;
  options.queue.wait_max = options_.queue.wait_max;
  options.depth_min = std::max(1U, options_.queue.depth_min / workers_);
  options.slot = worker;
  options.loop_count = workers_;
  return std::make_unique<Gate>(stack_, group_, limiter_, options);
}

uint32_t Cluster::queue_limit() const noexcept {
  const uint32_t wanted = std::max(limiter_->limit(), options_.queue.depth_min);
  return std::min(wanted, options_.queue.depth_max * workers_);
}

}  // namespace weir::proxy
