// guard, limit_by and credits: one number for inbound admission and for the pull.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "unit/streams/probe.h"
#include "unit/streams/recorder.h"
#include "weir/policy/limiter.h"
#include "weir/streams/credits.h"
#include "weir/streams/for_each.h"
#include "weir/streams/guard.h"
#include "weir/streams/source.h"
#include "weir/streams/virtual_scheduler.h"

namespace weir::streams {
namespace {

using std::chrono::milliseconds;
using Ints = std::vector<int>;

/// A law that says what the test says.
class SetLimit final : public Limit {
 public:
  explicit SetLimit(const uint32_t& limit) : limit_(limit) {}
  std::string_view name() const noexcept override { return "set"; }
  uint32_t initial() const noexcept override { return limit_; }
  WindowSpec window() const noexcept override { return {milliseconds(1), 0, milliseconds(1)}; }
  LimitDecision update(const WindowStats&, Instant) noexcept override {
    return LimitDecision{.limit = limit_, .cause = LimitCause::kGrow};
  }
  const FigureNames& figure_names() const noexcept override { return names_; }

 private:
  const uint32_t& limit_;
  FigureNames names_{};
};

class LimitByTest : public testing::Test {
 protected:
  void TearDown() override { probe_.complete(); }
  void set_limit(uint32_t value) {
    value_ = value;
    scheduler_.advance(milliseconds(2));
    limiter_->tick(scheduler_.now());
  }

  VirtualScheduler scheduler_;
  Probe<int> probe_;
  uint32_t value_ = 2;
  std::shared_ptr<Limiter> limiter_ = std::make_shared<Limiter>(
      std::make_unique<SetLimit>(value_), Limiter::Options{}, scheduler_.now());
};

struct Admission {
  std::vector<Admitted<int>> inflight;
};

TEST_F(LimitByTest, ThePullFollowsTheLimit) {
  Admission work;
  probe_.flow() | limit_by(limiter_, scheduler_) |
      for_each([&](Admitted<int> a) noexcept { work.inflight.push_back(std::move(a)); });
  for (int i = 0; i < 3; ++i) probe_.next(i);
  EXPECT_EQ(work.inflight.size(), 2u);
  EXPECT_EQ(limiter_->inflight(), 2u);
  EXPECT_EQ(probe_.requested(), 3u);  // the third waits, and nothing is pulled behind it
  auto finished = std::move(work.inflight.back());
  work.inflight.pop_back();
  std::move(finished.permit).complete(Outcome::kSuccess, scheduler_.now());
  EXPECT_EQ(work.inflight.size(), 2u);
  EXPECT_EQ(work.inflight.back().item, 2);
  EXPECT_EQ(probe_.requested(), 4u);
}

TEST_F(LimitByTest, AGrowingLimitIsNoticedWithoutACompletion) {
  Admission work;
  probe_.flow() | limit_by(limiter_, scheduler_) |
      for_each([&](Admitted<int> a) noexcept { work.inflight.push_back(std::move(a)); });
  for (int i = 0; i < 3; ++i) probe_.next(i);
  EXPECT_EQ(work.inflight.size(), 2u);
  set_limit(10);
  scheduler_.advance(milliseconds(100));
  EXPECT_EQ(work.inflight.size(), 3u);
}

TEST_F(LimitByTest, InboundWorkAndThePullShareTheNumber) {
  PolicyStack inbound({limiter_});
  auto permit = inbound.admit(RequestContext{}, scheduler_.now());
  ASSERT_TRUE(permit);
  Admission work;
  probe_.flow() | limit_by(limiter_, scheduler_) |
      for_each([&](Admitted<int> a) noexcept { work.inflight.push_back(std::move(a)); });
  for (int i = 0; i < 2; ++i) probe_.next(i);
  EXPECT_EQ(work.inflight.size(), 1u);
  EXPECT_FALSE(inbound.admit(RequestContext{}, scheduler_.now()));
  std::move(*permit).complete(Outcome::kSuccess, scheduler_.now());
  scheduler_.advance(milliseconds(100));
  EXPECT_EQ(work.inflight.size(), 2u);
}

TEST_F(LimitByTest, ALostItemGivesItsPermitBack) {
  int items = 0;
  probe_.flow() | limit_by(limiter_, scheduler_) |
      for_each([&](Admitted<int>) noexcept { ++items; });
  for (int i = 0; i < 100; ++i) probe_.next(i);
  EXPECT_EQ(items, 100);
  EXPECT_EQ(limiter_->inflight(), 0u);
}

/// Refuses odd users for good.
class NoOdd final : public Policy {
 public:
  std::string_view name() const noexcept override { return "no_odd"; }
  Expected<Ticket, Rejection> admit(const RequestContext& context, Instant) noexcept override {
    if (context.tenant % 2 == 0) return Ticket{};
    return Unexpected<Rejection>(Rejection{.reason = Reason::kQuota});
  }
  void complete(Ticket, const Completion&) noexcept override {}
};

TEST(Guard, ARefusalThatWaitingDoesNotCureEndsTheFlowOrDropsTheItem) {
  VirtualScheduler scheduler;
  auto stack = std::make_shared<PolicyStack>(
      std::vector<std::shared_ptr<Policy>>{std::make_shared<NoOdd>()});
  const auto tenant = [](int x) {
    RequestContext context;
    context.tenant = static_cast<uint32_t>(x);
    return context;
  };
  std::optional<StreamError> end;
  Ints passed;
  const auto keep = [&](const Admitted<int>& a) noexcept { passed.push_back(a.item); };
  range(0, 10) | guard(stack, scheduler, tenant) | for_each(keep, [&](auto e) { end = e; });
  EXPECT_EQ(passed, (Ints{0}));
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->is(StreamFault::kRejected));

  int rejected = 0;
  passed.clear();
  range(0, 10) |
      guard(stack, scheduler, tenant,
            {.fail_on_reject = false, .on_reject = [&](const Rejection&) { ++rejected; }}) |
      for_each(keep);
  EXPECT_EQ(passed, (Ints{0, 2, 4, 6, 8}));
  EXPECT_EQ(rejected, 5);
}

TEST(Credits, AreADemandOfTheirOwn) {
  auto stock = std::make_shared<CreditStock>();
  auto seen = record(range(0, 100) | with_credits(stock), 10);
  EXPECT_TRUE(seen->items.empty());
  stock->grant(4);
  EXPECT_EQ(seen->items.size(), 4u);
  stock->grant(100);
  EXPECT_EQ(seen->items.size(), 10u);
  EXPECT_EQ(stock->available(), 94u);
  seen->up->request(1);
  EXPECT_EQ(seen->items.size(), 11u);
}

TEST(Credits, MayCountBytesToo) {
  auto stock = std::make_shared<CreditStock>();
  auto source = generate([]() { return std::optional<std::string>(std::string(100, 'x')); });
  auto seen = record(source | with_credits(stock), kUnbounded);
  stock->grant(100, 250);
  EXPECT_EQ(seen->items.size(), 3u);  // the third overdraws by 50
  EXPECT_EQ(stock->available_bytes(), 0u);
  stock->grant(0, 50);
  EXPECT_EQ(seen->items.size(), 3u);
  stock->grant(0, 1);
  EXPECT_EQ(seen->items.size(), 4u);
  stock->grant(0, 10'000);
  EXPECT_EQ(seen->items.size(), 100u);  // the items are used up first
  EXPECT_EQ(stock->available(), 0u);
  stock->grant(1);
  EXPECT_EQ(seen->items.size(), 101u);
  EXPECT_EQ(stock->available_bytes(), kUnbounded);
}

TEST(Demand, CountsItemsAndBytesAndLetsOneItemOverdraw) {
  Demand demand;
  demand.request(3, 100);
  EXPECT_TRUE(demand.try_consume(60));
  EXPECT_TRUE(demand.try_consume(60));  // 40 were left
  EXPECT_FALSE(demand.try_consume(1));
  demand.request(0, 20);  // pays the debt and nothing more
  EXPECT_FALSE(demand.try_consume(1));
  demand.request(0, 1);
  EXPECT_TRUE(demand.try_consume(1));
  EXPECT_FALSE(demand.try_consume(0));
  EXPECT_TRUE(demand.counts_bytes());
  demand.request(kUnbounded, kUnbounded);
  demand.request(kUnbounded, kUnbounded);
  EXPECT_EQ(demand.items(), kUnbounded);
  EXPECT_TRUE(demand.try_consume(1000));
}

}  // namespace
}  // namespace weir::streams
