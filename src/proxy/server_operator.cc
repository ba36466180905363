#include "proxy/server_operator.h"

#include <charconv>

namespace weir::proxy {
namespace {

// What the gate's counters hold.
constexpr uint32_t kLimitCeiling = 1'000'000;

Unexpected<Error> refused(std::string message, std::string remedy) {
  return Unexpected<Error>(Error{ErrorKind::kUsage, std::move(message), std::move(remedy)});
}

}  // namespace

Expected<const Cluster*> ServerOperator::find(std::string_view upstream) const {
  const auto& clusters = server_.clusters();
  if (upstream.empty() && clusters.size() == 1) return clusters.front().get();
  std::string known;
  for (const auto& cluster : clusters) {
    if (cluster->name() == upstream) return cluster.get();
    known += (known.empty() ? "" : ", ") + cluster->name();
  }
  return refused("there is no upstream '" + std::string(upstream) + "'", "there are: " + known);
}

Expected<observe::Change> ServerOperator::set(std::string_view upstream, std::string_view name,
                                              std::string_view value) {
  const auto cluster = find(upstream);
  if (!cluster) return Unexpected<Error>(cluster.error());
  LimitBounds& bounds = (*cluster)->limit_bounds();
  if (name != "limit_max" && name != "limit_min")
    return refused("'" + std::string(name) + "' cannot be set while weir runs",
                   "these can: limit_max, limit_min");
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_number = error == std::errc{} && end == value.data() + value.size();
  const bool is_max = name == "limit_max";
  const uint32_t least = is_max ? bounds.min.load() : 1;
  const uint32_t most = is_max ? kLimitCeiling : bounds.max.load();
  if (!is_number || number < least || number > most)
    return refused(std::string(name) + " must be a whole number from " + std::to_string(least) +
                       " to " + std::to_string(most),
                   "as in: weir ctl set limit_max 200 --upstream " + (*cluster)->name());
  const uint32_t before = (is_max ? bounds.max : bounds.min).exchange(number);
  return observe::Change{std::string(name) + " of " + (*cluster)->name(), std::to_string(before),
                         std::to_string(number)};
}

Expected<Breaker*> ServerOperator::find_breaker(std::string_view upstream) const {
  const auto cluster = find(upstream);
  if (!cluster) return Unexpected<Error>(cluster.error());
  if (Breaker* breaker = (*cluster)->breaker()) return breaker;
  return refused((*cluster)->name() + " has no breaker",
                 "configure upstreams." + (*cluster)->name() + ".breaker and use 'weir run'");
}

Expected<observe::Change> ServerOperator::open_breaker(std::string_view upstream,
                                                       Duration cooldown) {
  const auto breaker = find_breaker(upstream);
  if (!breaker) return Unexpected<Error>(breaker.error());
  const std::string before = to_string((*breaker)->state());
  (*breaker)->open(cooldown, net::SteadyClock::instance().now());
  return observe::Change{"breaker of " + std::string(upstream), before, "open"};
}

Expected<observe::Change> ServerOperator::close_breaker(std::string_view upstream) {
  const auto breaker = find_breaker(upstream);
  if (!breaker) return Unexpected<Error>(breaker.error());
  const std::string before = to_string((*breaker)->state());
  (*breaker)->close(net::SteadyClock::instance().now());
  return observe::Change{"breaker of " + std::string(upstream), before, "closed"};
}

Expected<observe::Change> ServerOperator::drain() {
  if (server_.draining()) return observe::Change{"drain", "draining", "draining"};
  server_.drain();
  return observe::Change{"drain", "serving", "draining"};
}

}  // namespace weir::proxy
