#include "weir/control/registry.h"

#include <gtest/gtest.h>

#include <set>

#include "unit/control/windows.h"
#include "weir/base/rng.h"

namespace weir {
namespace {

TEST(Registry, EveryLawCarriesTheNameItIsRegisteredUnder) {
  std::set<std::string_view> seen;
  for (const LimitRegistration& registration : registered_limits()) {
    const auto law = make_limit(registration.name, 1);
    ASSERT_NE(law, nullptr) << registration.name;
    EXPECT_EQ(law->name(), registration.name);
    EXPECT_GE(law->initial(), 1u);
    EXPECT_TRUE(seen.insert(registration.name).second) << registration.name;
  }
  EXPECT_EQ(make_limit("no such law", 1), nullptr);
}

WindowStats random_window(Rng& rng, Instant begin, uint32_t limit) {
  const auto count = rng.below(300);
  const Duration length = std::chrono::milliseconds(1 + rng.below(1000));
  WindowStats stats = testing::window(count, from_seconds(rng.exponential(0.05)),
                                      static_cast<uint32_t>(rng.below(2 * limit + 2)), length,
                                      begin + length - Instant{});
  stats.dropped = rng.below(4) == 0 ? rng.below(20) : 0;
  stats.failures = rng.below(4) == 0 ? rng.below(20) : 0;
  stats.limited = rng.below(2) == 0 ? rng.below(1000) : 0;
  stats.limit = limit;
  return stats;
}

TEST(Registry, EveryLawIsDeterministicAndNeverBelowOne) {
  for (const LimitRegistration& registration : registered_limits()) {
    const auto one = make_limit(registration.name, 7);
    const auto two = make_limit(registration.name, 7);
    Rng rng(11);
    Instant now{};
    uint32_t limit = one->initial();
    for (int i = 0; i < 5000; ++i) {
      const WindowStats stats = random_window(rng, now, limit);
      now = stats.end;
      const LimitDecision a = one->update(stats, now);
      const LimitDecision b = two->update(stats, now);
      ASSERT_GE(a.limit, 1u) << registration.name << " window " << i;
      ASSERT_EQ(a.limit, b.limit) << registration.name << " window " << i;
      const WindowSpec spec = one->window();
      ASSERT_LE(spec.duration_min, spec.duration_max) << registration.name;
      ASSERT_GT(spec.duration_max, Duration{}) << registration.name;
      limit = std::min(a.limit, 100'000u);
    }
  }
}

}  // namespace
}  // namespace weir
