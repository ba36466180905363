#include <gtest/gtest.h>

#include <algorithm>

#include "lab/kafka_demo_result.h"
#include "lab/kafka_demo_view.h"

namespace weir::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A run of four looks a second in which the service takes `bears(at)` a second, if there is that
/// much.
template <typename Bears>
KafkaDemoResult run(const KafkaDemoPlan& plan, Bears bears) {
  KafkaDemoResult result{plan, {}};
  double served = 0;
  for (Duration at{}; at < seconds(60); at += milliseconds(250)) {
    KafkaSample sample;
    sample.at = at;
    sample.produced = static_cast<uint64_t>(plan.rate * to_seconds(at));
    served = std::min(served + bears(at) / 4, static_cast<double>(sample.produced));
    sample.served = static_cast<uint64_t>(served);
    sample.busy = plan.workers;
    sample.limit = 20;
    result.samples.push_back(sample);
  }
  return result;
}

KafkaDemoResult good_run() {
  const KafkaDemoPlan plan;
  return run(plan, [plan](Duration at) {
    return at >= plan.slow_from() && at < plan.slow_to() ? plan.degraded_capacity()
                                                         : plan.capacity();
  });
}

std::vector<bool> verdicts(const KafkaDemoResult& result) {
  std::vector<bool> held;
  for (const Claim& claim : judge(result)) held.push_back(claim.held);
  return held;
}

TEST(KafkaDemoResult, AllClaimsHoldWhenTheBridgeDoesItsWork) {
  EXPECT_EQ(verdicts(good_run()), std::vector<bool>(5, true));
}

TEST(KafkaDemoResult, EachClaimCanFail) {
  const KafkaDemoPlan plan;
  const auto slow = [&plan](Duration at) { return at >= plan.slow_from() && at < plan.slow_to(); };
  // Half of what is asked for from the start.
  EXPECT_FALSE(verdicts(run(plan, [](Duration) { return 200.0; }))[0]);
  // Half of what the slow service bears.
  EXPECT_FALSE(verdicts(run(plan, [&](Duration at) { return slow(at) ? 40.0 : 800.0; }))[1]);
  // A flood inside the slow service.
  KafkaDemoResult flooded = good_run();
  for (KafkaSample& sample : flooded.samples) sample.queued = 161;
  EXPECT_FALSE(verdicts(flooded)[2]);
  // A drain at three quarters.
  EXPECT_FALSE(verdicts(run(plan, [&](Duration at) { return slow(at) ? 80.0 : 600.0; }))[3]);
  // One record lost, one given up.
  KafkaDemoResult lossy = good_run();
  --lossy.samples.back().served;
  EXPECT_FALSE(verdicts(lossy)[4]);
  KafkaDemoResult given_up = good_run();
  given_up.samples.back().dead = 1;
  EXPECT_FALSE(verdicts(given_up)[4]);
}

TEST(KafkaDemoResult, ARunThatNeverDrainsIsToldSo) {
  const KafkaDemoPlan plan;
  const KafkaDemoResult stuck = run(plan, [&plan](Duration at) {
    return at < plan.slow_from() ? plan.capacity() : plan.degraded_capacity();
  });
  EXPECT_EQ(drained_at(stuck), Duration::max());
  EXPECT_EQ(judge(stuck)[3].figure, "not in this run");
}

TEST(KafkaDemoView, TheScreenFitsATerminalAtAnyMoment) {
  KafkaDemoResult whole = good_run();
  KafkaDemoResult so_far{whole.plan, {}};
  for (const KafkaSample& sample : whole.samples) {
    so_far.samples.push_back(sample);
    const std::string screen = kafka_demo_screen(so_far, ViewStyle{false});
    EXPECT_LE(std::count(screen.begin(), screen.end(), '\n'), 23);
    size_t columns = 0;
    for (const char c : screen) {
      if (c == '\n') {
        EXPECT_LE(columns, 79u) << screen;
        columns = 0;
      } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
        ++columns;  // UTF-8's first bytes only
      }
    }
  }
}

TEST(KafkaDemoView, TheSentenceFollowsTheStory) {
  KafkaDemoResult whole = good_run();
  KafkaDemoResult so_far{whole.plan, {}};
  std::string said;
  for (const KafkaSample& sample : whole.samples) {
    so_far.samples.push_back(sample);
    const std::string now = kafka_demo_sentence(so_far).substr(0, 20);
    if (said.find(now) == std::string::npos) said += now + "|";
  }
  EXPECT_EQ(said,
            "All is well: records|The service is 10x s|The service is well |The lag is gone.|");
}

}  // namespace
}  // namespace weir::lab
