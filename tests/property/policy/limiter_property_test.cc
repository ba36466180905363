// Whatever a law answers, the limit stays within its bounds, and windows account for every request.
#include <gtest/gtest.h>

#include <vector>

#include "support/engine.h"
#include "weir/base/rng.h"

namespace weir::test {
namespace {

constexpr int kSeeds = 200;
constexpr int kSteps = 3000;

/// Answers anything.
class WildLimit final : public Limit {
 public:
  explicit WildLimit(uint64_t seed) : rng_(seed) {}
  std::string_view name() const noexcept override { return "wild"; }
  uint32_t initial() const noexcept override { return static_cast<uint32_t>(rng_.next()); }
  WindowSpec window() const noexcept override {
    return {Duration(static_cast<int64_t>(rng_.below(100'000'000))), rng_.below(50), 200ms};
  }
  LimitDecision update(const WindowStats& window, Instant now) noexcept override {
    LimitDecision decision;
    const uint64_t scale = rng_.below(32);
    decision.limit = static_cast<uint32_t>(rng_.below(uint64_t{1} << scale));
    if (rng_.below(4) == 0) decision.sample_from = now;
    admitted += window.admitted;
    limited += window.limited;
    ended += window.successes + window.failures + window.dropped + window.ignored;
    return decision;
  }
  const FigureNames& figure_names() const noexcept override { return names_; }

  uint64_t admitted = 0, limited = 0, ended = 0;

 private:
  mutable Rng rng_;
  FigureNames names_{};
};

struct Live {
  Ticket ticket;
  Instant since;
};

TEST(LimiterProperty, LimitStaysInBoundsAndNothingIsAdmittedAboveIt) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    auto owned = std::make_unique<WildLimit>(seed);
    WildLimit& law = *owned;
    Limiter::Options options;
    options.limit_min = 1 + static_cast<uint32_t>(rng.below(10));
    options.limit_max = options.limit_min + static_cast<uint32_t>(rng.below(100));
    Limiter limiter(std::move(owned), options, at(0s));
    std::vector<Live> live;
    uint64_t admitted = 0, refused = 0, ended = 0;
    Instant now = at(0s);
    const auto step = [&] {
      now += Duration(static_cast<int64_t>(rng.below(5'000'000)));
      const auto cost = static_cast<uint32_t>(1 + rng.below(3));
      if (rng.below(2) == 0) {
        const uint32_t before = limiter.inflight();
        const uint32_t units = std::min(cost, limiter.limit());
        const auto ticket = limiter.admit(request(Criticality::kCritical, cost), now);
        ASSERT_EQ(ticket.has_value(), before + units <= limiter.limit());
        if (ticket) live.push_back({*ticket, now});
        ++(ticket ? admitted : refused);
      } else if (!live.empty()) {
        std::swap(live[rng.below(live.size())], live.back());
        const auto outcome = static_cast<Outcome>(rng.below(kOutcomeCount));
        limiter.complete(live.back().ticket, Completion{outcome, 0, live.back().since, now});
        live.pop_back();
        ++ended;
      }
      if (const auto change = limiter.tick(now)) {
        ASSERT_GE(change->after, options.limit_min);
        ASSERT_LE(change->after, options.limit_max);
        ASSERT_EQ(change->after, limiter.limit());
        ASSERT_LE(change->window.samples(), change->window.successes);
        ASSERT_LT(change->window.begin, change->window.end);
      }
      ASSERT_GT(limiter.next_tick(), now - 1ns);
    };
    for (int i = 0; i < kSteps; ++i) ASSERT_NO_FATAL_FAILURE(step());
    ASSERT_TRUE(limiter.tick(now + 1s));
    EXPECT_EQ(law.admitted, admitted);
    EXPECT_EQ(law.limited, refused);
    EXPECT_EQ(law.ended, ended);
  }
}

}  // namespace
}  // namespace weir::test
