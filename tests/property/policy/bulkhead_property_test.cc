// An owner is always admitted up to its reserve, and all members together never exceed the
// capacity.
#include <gtest/gtest.h>

#include <vector>

#include "support/engine.h"
#include "weir/base/rng.h"
#include "weir/policy/bulkhead.h"

namespace weir::test {
namespace {

constexpr int kSeeds = 300;
constexpr int kSteps = 3000;

struct Member {
  std::unique_ptr<Bulkhead> bulkhead;
  std::vector<Ticket> live;
};

std::vector<Member> random_members(Rng& rng, const std::shared_ptr<BulkheadPool>& pool) {
  std::vector<Member> members;
  double left = 1;
  const auto count = 1 + rng.below(6);
  for (uint64_t i = 0; i < count; ++i) {
    const double reserve = rng.below(2) == 0 ? 0 : rng.uniform() * left * 0.999;
    left -= reserve;
    const double max = reserve + (1 - reserve) * rng.uniform();
    members.push_back({std::make_unique<Bulkhead>(
                           Bulkhead::Options{.max_ratio = max, .reserve_ratio = reserve}, pool),
                       {}});
  }
  return members;
}

TEST(BulkheadProperty, ReservesAreAlwaysThereAndTheCapacityHolds) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const auto capacity = static_cast<uint32_t>(1 + rng.below(100));
    const auto pool = std::make_shared<BulkheadPool>(capacity);
    std::vector<Member> members = random_members(rng, pool);
    for (int step = 0; step < kSteps; ++step) {
      Member& member = members[rng.below(members.size())];
      Bulkhead& bulkhead = *member.bulkhead;
      if (rng.below(5) < 3) {
        const uint32_t before = bulkhead.inflight();
        const auto ticket = bulkhead.admit(request(), at(0s));
        ASSERT_TRUE(ticket || before >= bulkhead.reserve()) << "the reserve was lent";
        if (ticket) {
          ASSERT_LE(bulkhead.inflight(), bulkhead.max());
          member.live.push_back(*ticket);
        }
      } else if (!member.live.empty()) {
        std::swap(member.live[rng.below(member.live.size())], member.live.back());
        bulkhead.complete(member.live.back(), Completion{});
        member.live.pop_back();
      }
      uint32_t sum = 0;
      for (const Member& each : members) {
        sum += each.bulkhead->inflight();
        ASSERT_EQ(each.bulkhead->inflight(), each.live.size());
      }
      ASSERT_LE(sum, capacity);
    }
  }
}

TEST(BulkheadProperty, FollowsACapacityThatMoves) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const auto pool = std::make_shared<BulkheadPool>(10);
    std::vector<Member> members = random_members(rng, pool);
    for (int step = 0; step < kSteps; ++step) {
      Member& member = members[rng.below(members.size())];
      const uint32_t before = member.bulkhead->inflight();
      switch (rng.below(4)) {
        case 0: pool->set_capacity(static_cast<uint32_t>(1 + rng.below(50))); break;
        case 1:
        case 2: {
          const auto cost = static_cast<uint32_t>(1 + rng.below(4));
          const auto ticket = member.bulkhead->admit(request(Criticality::kCritical, cost), at(0s));
          if (!ticket) break;
          member.live.push_back(*ticket);
          ASSERT_LE(before + ticket->units(), member.bulkhead->max());
          const bool borrowed = ticket->tag() != 0;
          ASSERT_TRUE(!borrowed || pool->borrowed() <= pool->shared(pool->capacity()));
          break;
        }
        default:
          if (member.live.empty()) break;
          member.bulkhead->complete(member.live.back(), Completion{});
          member.live.pop_back();
      }
    }
    for (Member& member : members) {
      for (const Ticket& ticket : member.live) member.bulkhead->complete(ticket, Completion{});
      EXPECT_EQ(member.bulkhead->inflight(), 0u);
    }
    EXPECT_EQ(pool->borrowed(), 0u);
  }
}

}  // namespace
}  // namespace weir::test
