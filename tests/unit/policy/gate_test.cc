#include "weir/policy/gate.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "support/engine.h"

namespace weir::test {
namespace {

struct Sink final : GateSink {
  void admitted(QueueEntry& entry, Permit permit) noexcept override {
    permits.emplace(&entry, std::move(permit));
  }
  void refused(QueueEntry& entry, const Rejection& rejection) noexcept override {
    rejections[&entry] = rejection;
  }
  std::map<QueueEntry*, Permit> permits;
  std::map<QueueEntry*, Rejection> rejections;
};

struct Bench {
  explicit Bench(uint32_t limit, int loops = 1, Gate::Options base = {}) {
    limiter = fixed_limiter(limit);
    stack = std::make_shared<PolicyStack>(std::vector<std::shared_ptr<Policy>>{limiter});
    for (int i = 0; i < loops; ++i) {
      Gate::Options options = base;
      options.slot = static_cast<uint16_t>(i);
      gates.push_back(std::make_unique<Gate>(stack, group, limiter, options));
    }
  }
  ~Bench() {
    for (QueueEntry& entry : entries)
      for (auto& gate : gates) gate->cancel(entry, at(0s));
  }
  Arrival arrive(int i, Instant now, int loop = 0, const RequestContext& context = request()) {
    return gates[static_cast<size_t>(loop)]->arrive(entries[static_cast<size_t>(i)], context, now);
  }
  QueueEntry* entry(int i) { return &entries[static_cast<size_t>(i)]; }

  std::shared_ptr<Limiter> limiter;
  std::shared_ptr<PolicyStack> stack;
  std::shared_ptr<GateGroup> group = std::make_shared<GateGroup>();
  std::vector<std::unique_ptr<Gate>> gates;
  std::vector<QueueEntry> entries = std::vector<QueueEntry>(32);
  Sink sink;
};

TEST(Gate, AdmitsAtOnceThenQueuesThenDelivers) {
  Bench bench(1);
  Arrival first = bench.arrive(0, at(0ms));
  EXPECT_EQ(first.verdict, Verdict::kAdmitted);
  EXPECT_EQ(bench.arrive(1, at(0ms)).verdict, Verdict::kWaiting);
  EXPECT_EQ(bench.group->waiting(), 1u);
  EXPECT_EQ(bench.gates[0]->pump(at(1ms), bench.sink), kNobody);
  EXPECT_TRUE(bench.sink.permits.empty());
  std::move(first.permit).complete(Outcome::kSuccess, at(2ms));
  bench.gates[0]->pump(at(2ms), bench.sink);
  EXPECT_EQ(bench.sink.permits.count(bench.entry(1)), 1u);
  EXPECT_EQ(bench.group->waiting(), 0u);
  EXPECT_EQ(bench.stack->outstanding(), 1);
}

TEST(Gate, LaterArrivalsDoNotOvertake) {
  Bench bench(2);
  Arrival a = bench.arrive(0, at(0ms));
  Arrival b = bench.arrive(1, at(0ms));
  EXPECT_EQ(bench.arrive(2, at(0ms)).verdict, Verdict::kWaiting);
  std::move(a.permit).complete(Outcome::kSuccess, at(1ms));
  EXPECT_EQ(bench.arrive(3, at(1ms)).verdict, Verdict::kWaiting) << "2 waits already";
  const auto critical = request(Criticality::kCriticalPlus);
  EXPECT_EQ(bench.arrive(4, at(1ms), 0, critical).verdict, Verdict::kAdmitted);
}

TEST(Gate, RefusesWhenDrainingAndWhenTheQueueIsFull) {
  Bench bench(2);
  Arrival a = bench.arrive(0, at(0ms)), b = bench.arrive(1, at(0ms));
  EXPECT_EQ(bench.arrive(2, at(0ms)).verdict, Verdict::kWaiting);
  EXPECT_EQ(bench.arrive(3, at(0ms)).verdict, Verdict::kWaiting);
  const Arrival full = bench.arrive(4, at(0ms));
  EXPECT_EQ(full.verdict, Verdict::kRejected);
  EXPECT_EQ(full.rejection.reason, Reason::kQueueFull) << "depth follows the limit of 2";
  EXPECT_EQ(full.rejection.policy_index, 1u);
  bench.group->drain();
  EXPECT_EQ(bench.arrive(5, at(0ms)).rejection.reason, Reason::kDraining);
}

TEST(Gate, WithoutAQueueTheLimiterSpeaks) {
  Gate::Options options;
  options.queue.depth_max = 0;
  Bench bench(1, 1, options);
  Arrival a = bench.arrive(0, at(0ms));
  EXPECT_EQ(bench.arrive(1, at(0ms)).rejection.reason, Reason::kConcurrencyLimit);
}

TEST(Gate, TimersDeliverRefusals) {
  Bench bench(1);
  Arrival a = bench.arrive(0, at(0ms));
  EXPECT_EQ(bench.arrive(1, at(0ms)).verdict, Verdict::kWaiting);
  EXPECT_EQ(bench.gates[0]->next_wakeup(), at(100ms));
  bench.gates[0]->pump(at(100ms), bench.sink);
  EXPECT_EQ(bench.sink.rejections.at(bench.entry(1)).reason, Reason::kQueueTimeout);
  EXPECT_EQ(bench.gates[0]->next_wakeup(), kInstantMax);
  EXPECT_EQ(bench.group->waiting_mask(), 0u);
}

TEST(Gate, CancelledEntriesAreFree) {
  Bench bench(1);
  Arrival a = bench.arrive(0, at(0ms));
  EXPECT_EQ(bench.arrive(1, at(0ms)).verdict, Verdict::kWaiting);
  EXPECT_TRUE(bench.gates[0]->cancel(*bench.entry(1), at(1ms)));
  EXPECT_FALSE(bench.gates[0]->cancel(*bench.entry(1), at(1ms)));
  EXPECT_EQ(bench.group->waiting(), 0u);
}

TEST(Gate, ALoopWithoutWaitersNamesTheOneThatHasThem) {
  Bench bench(1, 2);
  Arrival a = bench.arrive(0, at(0ms), 0);
  EXPECT_EQ(bench.arrive(1, at(0ms), 1).verdict, Verdict::kWaiting);
  std::move(a.permit).complete(Outcome::kSuccess, at(1ms));
  EXPECT_EQ(bench.gates[0]->pump(at(1ms), bench.sink), 1);
  bench.gates[1]->pump(at(1ms), bench.sink);
  EXPECT_EQ(bench.sink.permits.count(bench.entry(1)), 1u);
}

TEST(Gate, APlaceGoesToTheLoopWhoseHeadHasWaitedMuchLonger) {
  Bench bench(1, 2);
  Arrival a = bench.arrive(0, at(0ms), 0);
  EXPECT_EQ(bench.arrive(1, at(0ms), 1).verdict, Verdict::kWaiting);
  EXPECT_EQ(bench.arrive(2, at(6ms), 0).wake, 1) << "the other has waited 6 ms longer";
  std::move(a.permit).complete(Outcome::kSuccess, at(7ms));
  EXPECT_EQ(bench.gates[0]->pump(at(7ms), bench.sink), 1);
  EXPECT_TRUE(bench.sink.permits.empty());
  bench.gates[1]->pump(at(7ms), bench.sink);
  EXPECT_EQ(bench.sink.permits.count(bench.entry(1)), 1u);
}

TEST(Gate, AStuckLoopDoesNotHoldTheOthersUp) {
  Bench bench(1, 2);
  Arrival a = bench.arrive(0, at(0ms), 0);
  EXPECT_EQ(bench.arrive(1, at(0ms), 1).verdict, Verdict::kWaiting);
  std::move(a.permit).complete(Outcome::kSuccess, at(1ms));
  EXPECT_EQ(bench.arrive(2, at(106ms), 0).verdict, Verdict::kAdmitted);
}

}  // namespace
}  // namespace weir::test
