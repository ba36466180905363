// The laws by name: what a configuration, the simulator and replay choose from.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "weir/control/limit.h"

namespace weir {

/// One law: its name, one line about it, and how to make it with documented defaults. `seed` feeds
/// laws that use randomness; the others ignore it.
struct LimitRegistration {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Limit> (*make)(uint64_t seed);
};

/// All laws, in the order of their documentation. Constant, safe from any thread.
std::span<const LimitRegistration> registered_limits() noexcept;

/// A law with its documented defaults; null when there is none of that name.
std::unique_ptr<Limit> make_limit(std::string_view name, uint64_t seed);

}  // namespace weir
