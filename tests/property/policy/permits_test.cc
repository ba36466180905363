// Permits are conserved: whatever happens to them, every policy gets back exactly what it gave.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "support/engine.h"
#include "weir/base/rng.h"
#include "weir/policy/breaker.h"
#include "weir/policy/bulkhead.h"
#include "weir/policy/priority_gate.h"

namespace weir::test {
namespace {

constexpr int kSeeds = 200;
constexpr int kSteps = 2000;

/// Refuses at random, and checks that each ticket comes back once.
class CountingPolicy final : public Policy {
 public:
  CountingPolicy(uint64_t seed, double refuse_ratio) : rng_(seed), refuse_ratio_(refuse_ratio) {}

  std::string_view name() const noexcept override { return "counting"; }
  Expected<Ticket, Rejection> admit(const RequestContext&, Instant) noexcept override {
    if (rng_.uniform() < refuse_ratio_) {
      ++refused;
      return Unexpected<Rejection>(Rejection{});
    }
    open_.push_back(true);
    return Ticket(1, static_cast<uint32_t>(open_.size() - 1));
  }
  void complete(Ticket ticket, const Completion& completion) noexcept override {
    EXPECT_TRUE(open_[ticket.tag()]) << "given back twice";
    open_[ticket.tag()] = false;
    ++ended[static_cast<size_t>(completion.outcome)];
  }
  int64_t open() const { return std::count(open_.begin(), open_.end(), true); }

  int refused = 0;
  std::array<int, kOutcomeCount> ended{};

 private:
  Rng rng_;
  double refuse_ratio_;
  std::vector<bool> open_;
};

void end_somehow(Permit permit, Instant now, Rng& rng) {
  switch (rng.below(4)) {
    case 0: break;  // lost
    case 1: {
      Permit other = std::move(permit);
      Permit third;
      third = std::move(other);
      std::move(third).complete(Outcome::kSuccess, now);
      break;
    }
    case 2: permit = Permit(); break;  // overwritten
    default: std::move(permit).complete(static_cast<Outcome>(rng.below(kOutcomeCount)), now);
  }
}

TEST(Permits, AreConservedInStacksThatRefuseAtAnyIndex) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    std::vector<std::shared_ptr<CountingPolicy>> policies;
    std::vector<std::shared_ptr<Policy>> stacked;
    const auto count = 1 + rng.below(kPolicyMax);
    for (uint64_t i = 0; i < count; ++i) {
      policies.push_back(std::make_shared<CountingPolicy>(rng.next(), 0.3 * rng.uniform()));
      stacked.push_back(policies.back());
    }
    PolicyStack stack(stacked);
    std::vector<Permit> live;
    for (int step = 0; step < kSteps; ++step) {
      const Instant now = at(step * 1ms);
      if (rng.below(2) == 0) {
        auto permit = stack.admit(request(), now);
        if (permit)
          live.push_back(std::move(*permit));
        else
          ASSERT_GE(policies[permit.error().policy_index]->refused, 1);
      } else if (!live.empty()) {
        const size_t i = rng.below(live.size());
        std::swap(live[i], live.back());
        end_somehow(std::move(live.back()), now, rng);
        live.pop_back();
      }
      ASSERT_EQ(stack.outstanding(), static_cast<int64_t>(live.size()));
      for (const auto& policy : policies) ASSERT_EQ(policy->open(), stack.outstanding());
    }
    live.clear();
    for (const auto& policy : policies) EXPECT_EQ(policy->open(), 0);
  }
}

TEST(Permits, AreConservedInTheStandardStack) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const auto limiter = fixed_limiter(1 + static_cast<uint32_t>(rng.below(30)));
    const auto pool = std::make_shared<BulkheadPool>(limiter->limit(), limiter->line());
    const auto bulkhead =
        std::make_shared<Bulkhead>(Bulkhead::Options{.reserve_ratio = rng.uniform()}, pool);
    PolicyStack stack({std::make_shared<PriorityGate>(1),
                       std::make_shared<Breaker>(Breaker::Options{.seed = seed}, at(0s)), bulkhead,
                       limiter});
    std::vector<Permit> live;
    Instant now = at(0s);
    for (int step = 0; step < kSteps; ++step) {
      now += Duration(static_cast<int64_t>(rng.below(50'000'000)));
      if (rng.below(2) == 0) {
        auto permit = stack.admit(
            request(Criticality::kCritical, 1 + static_cast<uint32_t>(rng.below(4))), now);
        if (permit) live.push_back(std::move(*permit));
      } else if (!live.empty()) {
        end_somehow(std::move(live.back()), now, rng);
        live.pop_back();
      }
      ASSERT_LE(limiter->inflight(), limiter->limit());
      ASSERT_EQ(limiter->inflight() == 0, live.empty());
      ASSERT_EQ(bulkhead->inflight() == 0, live.empty());
    }
    live.clear();
    EXPECT_EQ(limiter->inflight(), 0u);
    EXPECT_EQ(bulkhead->inflight(), 0u);
    EXPECT_EQ(pool->borrowed(), 0u);
  }
}

}  // namespace
}  // namespace weir::test
