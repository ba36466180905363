#include "sim/guard.h"

namespace weir::sim {

RouteBulkheads::RouteBulkheads(const std::vector<uint32_t>& bounds) {
  for (const uint32_t bound : bounds) {
    Bulkhead::Options options;
    options.max = bound;
    by_route_.push_back(bound == 0 ? nullptr : std::make_unique<Bulkhead>(options));
  }
}

Expected<Ticket, Rejection> RouteBulkheads::admit(const RequestContext& context,
                                                  Instant now) noexcept {
  if (context.route >= by_route_.size() || by_route_[context.route] == nullptr) return Ticket();
  auto ticket = by_route_[context.route]->admit(context, now);
  // A bulkhead that stands alone leaves the tag at zero; it carries the route, counted from one.
  if (ticket) *ticket = Ticket(ticket->units(), context.route + 1);
  return ticket;
}

void RouteBulkheads::complete(Ticket ticket, const Completion& completion) noexcept {
  if (ticket.tag() == 0) return;
  by_route_[ticket.tag() - 1]->complete(Ticket(ticket.units()), completion);
}

std::vector<std::shared_ptr<Policy>> outer_policies(const GuardSpec& guard, uint64_t seed) {
  std::vector<std::shared_ptr<Policy>> policies;
  if (guard.breaker) {
    Breaker::Options options = *guard.breaker;
    options.seed = seed;
    policies.push_back(std::make_shared<Breaker>(options, Instant{}));
  }
  if (!guard.bulkheads.empty())
    policies.push_back(std::make_shared<RouteBulkheads>(guard.bulkheads));
  return policies;
}

}  // namespace weir::sim
