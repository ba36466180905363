#include "weir/policy/bulkhead.h"

#include <gtest/gtest.h>

#include "support/engine.h"

namespace weir::test {
namespace {

struct Shop {
  std::shared_ptr<BulkheadPool> pool = std::make_shared<BulkheadPool>(100);
  Bulkhead checkout{{.reserve_ratio = 0.4}, pool};
  Bulkhead reports{{.max_ratio = 0.1}, pool};
  Bulkhead rest{{}, pool};

  static int fill(Bulkhead& bulkhead, int most) {
    int admitted = 0;
    while (admitted < most && bulkhead.admit(request(), at(0s))) ++admitted;
    return admitted;
  }
};

TEST(Bulkhead, AloneIsAFixedBound) {
  Bulkhead bulkhead({.max = 2});
  auto first = bulkhead.admit(request(), at(0s));
  EXPECT_TRUE(bulkhead.admit(request(), at(0s)));
  const auto refused = bulkhead.admit(request(), at(0s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kBulkheadFull);
  EXPECT_EQ(refused.error().value, 2u);
  EXPECT_EQ(refused.error().bound, 2u);
  bulkhead.complete(*first, Completion{});
  EXPECT_TRUE(bulkhead.admit(request(), at(0s)));
}

TEST(Bulkhead, ZeroBlocks) {
  EXPECT_FALSE(Bulkhead({.max = 0}).admit(request(), at(0s)));
  auto pool = std::make_shared<BulkheadPool>(100);
  EXPECT_FALSE(Bulkhead({.max_ratio = 0}, pool).admit(request(), at(0s)));
}

TEST(Bulkhead, OthersCannotTakeAReserve) {
  Shop shop;
  EXPECT_EQ(Shop::fill(shop.rest, 1000), 60);
  EXPECT_EQ(Shop::fill(shop.checkout, 1000), 40);
}

TEST(Bulkhead, AnOwnerBorrowsWhatIsUnreserved) {
  Shop shop;
  EXPECT_EQ(Shop::fill(shop.checkout, 1000), 100);
  EXPECT_EQ(shop.checkout.borrowed(), 60u);
  EXPECT_EQ(Shop::fill(shop.rest, 1000), 0);
}

TEST(Bulkhead, MaxHoldsAlsoWhereThereIsRoom) {
  Shop shop;
  EXPECT_EQ(Shop::fill(shop.reports, 1000), 10);
}

TEST(Bulkhead, SharesFollowTheCapacity) {
  Shop shop;
  shop.pool->set_capacity(5);
  EXPECT_EQ(shop.checkout.reserve(), 2u);
  EXPECT_EQ(shop.reports.max(), 1u) << "a tenth of 5, but not nothing";
  EXPECT_EQ(Shop::fill(shop.rest, 1000), 3);
  EXPECT_EQ(Shop::fill(shop.checkout, 1000), 2);
  shop.pool->set_capacity(10);
  EXPECT_EQ(Shop::fill(shop.rest, 1000), 3);
}

TEST(Bulkhead, GivesBackWhereItTookFrom) {
  Shop shop;
  std::vector<Ticket> tickets;
  for (int i = 0; i < 100; ++i) tickets.push_back(*shop.checkout.admit(request(), at(0s)));
  for (const Ticket& ticket : tickets) shop.checkout.complete(ticket, Completion{});
  EXPECT_EQ(shop.checkout.inflight(), 0u);
  EXPECT_EQ(shop.pool->borrowed(), 0u);
}

TEST(Bulkhead, ADearRequestIsChargedWhatItCanGet) {
  Shop shop;
  const auto dear = request(Criticality::kCritical, 1'000'000);
  auto ticket = shop.checkout.admit(dear, at(0s));
  ASSERT_TRUE(ticket);
  EXPECT_EQ(ticket->units(), 60u);
  EXPECT_FALSE(shop.rest.admit(request(), at(0s)));
  shop.checkout.complete(*ticket, Completion{});
  EXPECT_TRUE(shop.rest.admit(request(), at(0s)));
}

}  // namespace
}  // namespace weir::test
