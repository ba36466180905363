#include "proxy/cluster.h"

#include <algorithm>
#include <utility>

#include "net/url.h"
#include "weir/control/registry.h"

namespace weir::proxy {
namespace {

// Whatever an operator sets: what the gate's counters hold.
constexpr uint32_t kLimitCeiling = 1'000'000;

Error unknown_law(const std::string& law) {
  std::string known;
  for (const LimitRegistration& registration : registered_limits()) {
    if (!known.empty()) known += ", ";
    known += registration.name;
  }
  return {ErrorKind::kUsage, "there is no control law '" + law + "'", "choose one of: " + known};
}

Expected<std::vector<Endpoint>> resolve(const UpstreamOptions& options) {
  const std::vector<std::string>& targets = options.targets;
  if (targets.empty()) {
    return Unexpected<Error>(
        Error{ErrorKind::kUsage, "there is no upstream", "name one with --to http://HOST:PORT"});
  }
  std::vector<Endpoint> endpoints;
  for (const std::string& target : targets) {
    const auto url = net::Url::parse(target, net::Url::Schemes::kAll);
    if (!url) return Unexpected<Error>(url.error());
    const auto address = net::Address::resolve(url->endpoint);
    if (!address) return Unexpected<Error>(address.error());
    endpoints.push_back({*address, url->authority, url->h2});
    if (!url->tls) continue;
    net::TlsClientOptions tls = options.tls;
    tls.h2 = url->h2;
    auto context = net::TlsContext::client(tls);
    if (!context) return Unexpected<Error>(context.error());
    endpoints.back().tls = std::move(*context);
    endpoints.back().tls_host = url->host;
  }
  return endpoints;
}

// Those of this upstream, after the one that takes what they leave.
std::vector<BulkheadOptions> bulkheads_of(const std::string& upstream,
                                          const std::vector<BulkheadOptions>& all) {
  std::vector<BulkheadOptions> own(1);
  for (const BulkheadOptions& bulkhead : all)
    if (bulkhead.upstream == upstream) own.push_back(bulkhead);
  return own;
}

}  // namespace

Expected<std::unique_ptr<Cluster>> Cluster::make(const UpstreamOptions& options,
                                                 const std::vector<BulkheadOptions>& bulkheads,
                                                 uint16_t workers, Instant now) {
  auto endpoints = resolve(options);
  if (!endpoints) return Unexpected<Error>(endpoints.error());
  std::unique_ptr<Limit> law = make_limit(options.law, options.seed);
  if (law == nullptr) return Unexpected<Error>(unknown_law(options.law));
  UpstreamOptions named = options;
  if (named.name.empty()) named.name = endpoints->front().authority;
  const std::vector<BulkheadOptions> own = bulkheads_of(named.name, bulkheads);
  double reserved = 0;
  for (const BulkheadOptions& bulkhead : own) reserved += bulkhead.reserve_ratio;
  if (reserved > 1.0001) {  // percentages that add up to 100 may miss 1 by rounding
    return Unexpected<Error>(Error{ErrorKind::kConfig,
                                   "the bulkheads of " + named.name + " reserve more than 100 %",
                                   "lower one of the reserves"});
  }
  return std::unique_ptr<Cluster>(
      new Cluster(named, own, workers, std::move(*endpoints), std::move(law), now));
}

Cluster::Cluster(const UpstreamOptions& options, const std::vector<BulkheadOptions>& bulkheads,
                 uint16_t workers, std::vector<Endpoint> endpoints, std::unique_ptr<Limit> law,
                 Instant now)
    : options_(options),
      workers_(workers),
      endpoints_(std::move(endpoints)),
      health_(std::make_unique<HealthBoard>(endpoints_.size())) {
  limit_bounds_ = std::make_shared<LimitBounds>(options_.limit_min, options_.limit_max);
  Limiter::Options bounds;
  bounds.limit_max = kLimitCeiling;  // the law itself is held within the configured bounds
  bounds.worker_count = workers_;
  limiter_ = std::make_shared<Limiter>(std::make_unique<BoundedLaw>(std::move(law), limit_bounds_),
                                       bounds, now);
  priority_gate_ = std::make_shared<PriorityGate>(workers_);
  if (options_.breaker) {
    Breaker::Options breaker = *options_.breaker;
    breaker.worker_count = workers_;
    breaker.seed = options_.seed;
    breaker_ = std::make_shared<Breaker>(breaker, now);
  }
  if (options_.credits)
    credit_window_ = std::make_shared<CreditWindow>(CreditWindow::Options{}, limiter_->line());
  retry_budget_ = std::make_unique<RetryBudget>(options_.retry_budget, now);
  if (bulkheads.size() > 1)
    pool_ = std::make_shared<BulkheadPool>(limiter_->limit(), limiter_->line());
  for (const BulkheadOptions& bulkhead : bulkheads) add_compartment(bulkhead);
}

void Cluster::add_compartment(const BulkheadOptions& options) {
  Compartment compartment;
  compartment.name = options.name;
  compartment.group = std::make_shared<GateGroup>();
  compartment.share = options.max_ratio;
  std::vector<std::shared_ptr<Policy>> policies{priority_gate_};
  if (breaker_ != nullptr) policies.push_back(breaker_);
  if (pool_ != nullptr) {
    Bulkhead::Options bounds;
    bounds.max = options.max;
    bounds.max_ratio = options.max_ratio;
    bounds.reserve_ratio = std::min(options.reserve_ratio, options.max_ratio);
    compartment.bulkhead = std::make_shared<Bulkhead>(bounds, pool_);
    policies.push_back(compartment.bulkhead);
  }
  if (credit_window_ != nullptr) policies.push_back(credit_window_);
  policies.push_back(limiter_);
  compartment.stack = std::make_shared<PolicyStack>(std::move(policies));
  compartments_.push_back(std::move(compartment));
}

std::unique_ptr<Gate> Cluster::make_gate(size_t compartment, uint16_t worker) const {
  const Compartment& to = compartments_[compartment];
  Gate::Options options;
  options.queue.depth_max = options_.queue.depth_max;
  options.queue.wait_max = options_.queue.wait_max;
  options.depth_ratio = to.share;
  options.depth_min = std::max(1U, options_.queue.depth_min / workers_);
  options.slot = worker;
  options.loop_count = workers_;
  return std::make_unique<Gate>(to.stack, to.group, limiter_, options);
}

std::optional<uint16_t> Cluster::find_compartment(std::string_view bulkhead) const noexcept {
  for (size_t i = 0; i < compartments_.size(); ++i)
    if (compartments_[i].name == bulkhead) return static_cast<uint16_t>(i);
  return std::nullopt;
}

uint32_t Cluster::waiting() const noexcept {
  uint32_t sum = 0;
  for (const Compartment& compartment : compartments_) sum += compartment.group->waiting();
  return sum;
}

uint32_t Cluster::queue_limit() const noexcept {
  double sum = 0;
  for (const Compartment& compartment : compartments_)
    sum += std::max<double>(compartment.share * limiter_->limit(), options_.queue.depth_min);
  return std::min(static_cast<uint32_t>(sum), options_.queue.depth_max * workers_);
}

uint64_t Cluster::waiting_mask() const noexcept {
  uint64_t mask = 0;
  for (const Compartment& compartment : compartments_) mask |= compartment.group->waiting_mask();
  return mask;
}

uint32_t Cluster::withheld() const noexcept {
  uint32_t sum = 0;
  for (const Compartment& compartment : compartments_) {
    if (compartment.bulkhead == nullptr) continue;
    const uint32_t held = compartment.bulkhead->inflight();
    const uint32_t own = held - std::min(held, compartment.bulkhead->borrowed());
    sum += compartment.bulkhead->reserve() - std::min(compartment.bulkhead->reserve(), own);
  }
  return sum;
}

double Cluster::utilization() const noexcept {
  const double used = limiter_->inflight() + waiting();
  return used / limiter_->limit();
}

uint32_t Cluster::credits(Instant now) const noexcept {
  uint32_t bound = limiter_->limit();
  if (credit_window_ != nullptr) bound = std::min(bound, credit_window_->window(now));
  const uint32_t places = bound + std::max(1U, bound / 8);
  const uint32_t used = limiter_->inflight() + waiting();
  return places - std::min(places, used);
}

void Cluster::follow_limit() const noexcept {
  if (pool_ != nullptr) pool_->set_capacity(limiter_->limit());
}

void Cluster::drain() const noexcept {
  for (const Compartment& compartment : compartments_) compartment.group->drain();
}

}  // namespace weir::proxy
