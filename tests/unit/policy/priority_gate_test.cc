#include "weir/policy/priority_gate.h"

#include <gtest/gtest.h>

#include "support/engine.h"

namespace weir::test {
namespace {

RequestContext due(Instant deadline) {
  RequestContext context = request();
  context.deadline = Deadline::at(deadline);
  return context;
}

RequestContext in_cohort(Criticality criticality, uint8_t cohort) {
  RequestContext context = request(criticality);
  context.cohort = cohort;
  return context;
}

TEST(PriorityGate, RefusesWhatIsTooLate) {
  PriorityGate gate(1);
  EXPECT_TRUE(gate.admit(due(at(1ms)), at(0s)));
  const auto passed = gate.admit(due(at(0s)), at(0s));
  ASSERT_FALSE(passed);
  EXPECT_EQ(passed.error().reason, Reason::kDeadlinePassed);
  gate.set_service_time(20ms);
  const auto infeasible = gate.admit(due(at(19ms)), at(0s));
  ASSERT_FALSE(infeasible);
  EXPECT_EQ(infeasible.error().reason, Reason::kDeadlineInfeasible);
  EXPECT_EQ(infeasible.error().value, 20u);
  EXPECT_EQ(infeasible.error().bound, 19u);
  EXPECT_TRUE(gate.admit(due(at(20ms)), at(0s)));
  EXPECT_TRUE(gate.admit(request(), at(0s)));
}

TEST(PriorityGate, RefusesFromTheThresholdOn) {
  PriorityGate gate(1);
  EXPECT_TRUE(gate.admit(in_cohort(Criticality::kSheddable, 127), at(0s)));
  gate.set_threshold(shed_level(Criticality::kSheddablePlus, 64));
  EXPECT_TRUE(gate.admit(in_cohort(Criticality::kCriticalPlus, 127), at(0s)));
  EXPECT_TRUE(gate.admit(in_cohort(Criticality::kSheddablePlus, 63), at(0s)));
  const auto refused = gate.admit(in_cohort(Criticality::kSheddablePlus, 64), at(0s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kPriority);
  EXPECT_FALSE(gate.admit(in_cohort(Criticality::kSheddable, 0), at(0s)));
}

TEST(PriorityGate, ReadsTheThresholdFromTheRecentMix) {
  PriorityGate gate(2);
  for (int i = 0; i < 1000; ++i) {
    RequestContext context =
        in_cohort(i % 4 == 0 ? Criticality::kCritical : Criticality::kSheddable,
                  static_cast<uint8_t>(i % 128));
    context.worker = static_cast<uint16_t>(i % 2);
    EXPECT_TRUE(gate.admit(context, at(0s)));
    context.waiting = true;
    EXPECT_TRUE(gate.admit(context, at(0s))) << "not counted again";
  }
  EXPECT_EQ(gate.arrivals(), 1000u);
  gate.shed_ratio(0.375);  // half of the sheddable
  EXPECT_NEAR(gate.threshold(), shed_level(Criticality::kSheddable, 64), 2);
  gate.shed_ratio(0.75);
  EXPECT_GT(gate.threshold(), shed_level(Criticality::kCritical, 120));
  gate.shed_ratio(1);
  EXPECT_LE(gate.threshold(), shed_level(Criticality::kCritical, 0));
  EXPECT_TRUE(gate.admit(in_cohort(Criticality::kCriticalPlus, 0), at(0s)));
  gate.shed_ratio(0);
  EXPECT_EQ(gate.threshold(), kShedLevelCount);
}

TEST(PriorityGate, ForgetsTheOldMix) {
  PriorityGate gate(1);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(gate.admit(request(Criticality::kSheddable), at(0s)));
  gate.forget();
  EXPECT_EQ(gate.arrivals(), 0u);
  EXPECT_TRUE(gate.admit(request(Criticality::kCritical), at(0s)));
  gate.shed_ratio(0.5);
  EXPECT_EQ(gate.threshold(), shed_level(Criticality::kCritical, 0));
}

}  // namespace
}  // namespace weir::test
