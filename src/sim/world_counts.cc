// What a World counts as it goes, and what it checks.
#include "sim/world_parts.h"
#include "weir/base/assert.h"

namespace weir::sim {
namespace {

// Nodes whose invariants are checked in each slice; each look costs a walk over 64 cache lines.
constexpr size_t kCheckedPerSlice = 64;

// Every request is looked at once a second.
constexpr int64_t kSlicesPerCheck = 10;

}  // namespace

void World::sample_slices() {
  for (size_t i = 0; i < groups_.size(); ++i) {
    uint32_t limit = 0;
    uint32_t inside = 0;
    uint32_t queued = 0;
    for (uint32_t k = 0; k < groups_[i].count; ++k) {
      const Node& node = *nodes_[groups_[i].first + k];
      inside += static_cast<uint32_t>(node.model.inside());
      if (node.gate == nullptr) continue;
      if (node.limiter != nullptr) limit += node.limiter->limit();
      queued += node.gate->queue().size();
    }
    result_.services[i].limit_at_slice.push_back(limit);
    result_.services[i].inside_at_slice.push_back(inside);
    result_.services[i].queued_at_slice.push_back(queued);
  }
  if (!spec_.exact_latencies) {
    for (const auto& client : clients_) {
      const Histogram& seen = client->in_slice;
      client->result.seen_by_slice.push_back({static_cast<float>(to_seconds(seen.quantile(0.5))),
                                              static_cast<float>(to_seconds(seen.quantile(0.99)))});
      if (seen.count() > 0) client->in_slice.clear();
    }
  }
  check_guards();
  if ((next_slice_ - Instant{}) / kSlice % kSlicesPerCheck == 0) check_requests();
  next_slice_ += kSlice;
}

// Permits are conserved, and limits stay within their bounds.
void World::check_guards() {
  const size_t count = std::min(kCheckedPerSlice, nodes_.size());
  for (size_t i = 0; i < count; ++i) {
    const Node& node = *nodes_[next_checked_];
    next_checked_ = (next_checked_ + 1) % nodes_.size();
    if (node.gate == nullptr) continue;
    WEIR_ASSERT(node.stack->outstanding() == node.permits);
    if (node.limiter == nullptr) continue;
    const Limiter& limiter = *node.limiter;
    WEIR_ASSERT(limiter.limit() >= limiter.options().limit_min &&
                limiter.limit() <= limiter.options().limit_max);
  }
}

// No request is lost: whatever a client has begun and not seen end is somewhere.
void World::check_requests() {
  std::vector<uint64_t> open(clients_.size());
  for (uint32_t i = 0; i < requests_.size(); ++i) {
    const Request& request = requests_[i];
    if (request.state == Request::State::kFree || request.is_call || request.abandoned) continue;
    ++open[request.client];
  }
  for (size_t i = 0; i < clients_.size(); ++i) WEIR_ASSERT(open[i] == clients_[i]->open);
}

Tally& World::slice(Client& client) {
  const auto place = static_cast<size_t>((now_ - Instant{}) / kSlice);
  auto& slices = client.result.slices;
  return slices[std::min(place, slices.size() - 1)];
}

void World::count_refusal(const Request& request, const Rejection& rejection) {
  const auto reason = static_cast<size_t>(rejection.reason);
  if (measured()) ++result_.services[request.service].refused_by_reason[reason];
  if (request.is_call) return;
  Client& client = *clients_[request.client];
  ++slice(client).refused;
  if (!measured()) return;
  ++client.result.measured.refused;
  ++client.result.refused_by_reason[reason];
  ++client.result.by_criticality[static_cast<size_t>(request.context.criticality)].refused;
}

// Of an attempt that was admitted and has ended well.
void World::count_latency(const Request& request) {
  Client& client = *clients_[request.client];
  const auto latency = static_cast<float>(to_seconds(now_ - request.arrived));
  if (spec_.exact_latencies) {
    if (!measured()) return;
    client.result.latency.push_back(latency);
    client.result.work.push_back(static_cast<float>(to_seconds(request.work)));
    client.result.latency_by_criticality[static_cast<size_t>(request.context.criticality)]
        .push_back(latency);
    return;
  }
  client.in_slice.record(now_ - request.begun);
  if (measured()) client.result.seen.record(now_ - request.begun);
}

}  // namespace weir::sim
