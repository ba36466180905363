#include "weir/policy/admission_queue.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/engine.h"
#include "weir/base/rng.h"

namespace weir::test {
namespace {

struct Bench {
  explicit Bench(AdmissionQueue::Options options = {}) : queue(options) {}
  ~Bench() {
    for (QueueEntry& entry : entries)
      if (entry.queued()) queue.remove(entry, at(0s));
  }

  std::optional<Rejection> offer(int i, Instant now, const RequestContext& context = request()) {
    return queue.offer(entries[static_cast<size_t>(i)], context, now);
  }
  int id(const QueueEntry* entry) const {
    return entry == nullptr ? -1 : static_cast<int>(entry - entries.data());
  }
  int take(Instant now) {
    QueueEntry* entry = queue.front(now);
    if (entry != nullptr) queue.take(*entry, now);
    return id(entry);
  }
  int poll(Instant now) { return id(queue.poll(now)); }
  Reason reason(int i) const { return entries[static_cast<size_t>(i)].rejection().reason; }

  std::vector<QueueEntry> entries = std::vector<QueueEntry>(64);
  AdmissionQueue queue;
};

TEST(AdmissionQueue, IsFifoWithinABandAndServesTheMoreCriticalFirst) {
  Bench bench;
  bench.offer(0, at(0ms), request(Criticality::kSheddable));
  bench.offer(1, at(1ms), request(Criticality::kCritical));
  bench.offer(2, at(2ms), request(Criticality::kCritical));
  bench.offer(3, at(3ms), request(Criticality::kCriticalPlus));
  EXPECT_EQ(bench.take(at(4ms)), 3);
  EXPECT_EQ(bench.take(at(4ms)), 1);
  EXPECT_EQ(bench.take(at(4ms)), 2);
  EXPECT_EQ(bench.take(at(4ms)), 0);
  EXPECT_EQ(bench.take(at(4ms)), -1);
}

TEST(AdmissionQueue, WakesUpForTheLongestWaitAndRefusesIt) {
  Bench bench;
  EXPECT_EQ(bench.queue.next_wakeup(), kInstantMax);
  bench.offer(0, at(0ms));
  bench.offer(1, at(50ms));
  EXPECT_EQ(bench.queue.next_wakeup(), at(100ms));
  EXPECT_EQ(bench.poll(at(99ms)), -1);
  EXPECT_EQ(bench.poll(at(100ms)), 0);
  EXPECT_EQ(bench.reason(0), Reason::kQueueTimeout);
  EXPECT_FALSE(bench.entries[0].queued());
  EXPECT_EQ(bench.poll(at(100ms)), -1);
}

TEST(AdmissionQueue, FullRefusesAndTheMoreCriticalPushesOutTheNewestOfTheLeast) {
  AdmissionQueue::Options options;
  options.depth_max = 3;
  Bench bench(options);
  bench.offer(0, at(0ms), request(Criticality::kSheddable));
  bench.offer(1, at(1ms), request(Criticality::kSheddable));
  bench.offer(2, at(2ms), request(Criticality::kSheddablePlus));
  const auto full = bench.offer(3, at(3ms), request(Criticality::kSheddable));
  ASSERT_TRUE(full);
  EXPECT_EQ(full->reason, Reason::kQueueFull);
  EXPECT_EQ(full->value, 3u);
  EXPECT_EQ(full->bound, 3u);
  EXPECT_FALSE(bench.offer(4, at(3ms), request(Criticality::kCritical)));
  EXPECT_EQ(bench.queue.size(), 3u);
  EXPECT_EQ(bench.queue.next_wakeup(), Instant::min());
  EXPECT_EQ(bench.poll(at(3ms)), 1);
  EXPECT_EQ(bench.reason(1), Reason::kQueueFull);
}

TEST(AdmissionQueue, PushingOutStopsWhenNobodyFetchesTheRefused) {
  AdmissionQueue::Options options;
  options.depth_max = 1;
  Bench bench(options);
  EXPECT_FALSE(bench.offer(0, at(0ms), request(Criticality::kSheddable)));
  EXPECT_FALSE(bench.offer(1, at(0ms), request(Criticality::kSheddablePlus)));
  EXPECT_TRUE(bench.offer(2, at(0ms), request(Criticality::kCritical)));
}

TEST(AdmissionQueue, ABurstIsAbsorbedButAStandingQueueIsSloughedAndServedNewestFirst) {
  AdmissionQueue::Options options;
  options.wait_max = 1s;
  Bench bench(options);
  // Ten entries at once, one served each 10 ms, refilled: the oldest is always past the target.
  for (int i = 0; i < 10; ++i) bench.offer(i, at(0ms));
  int next = 10;
  for (int t = 10; t < 105; t += 10) {
    EXPECT_EQ(bench.take(at(t * 1ms)), next - 10) << "still FIFO";
    bench.offer(next++, at(t * 1ms));
    EXPECT_FALSE(bench.queue.overloaded(Criticality::kCritical));
  }
  bench.offer(next, at(104ms));
  EXPECT_EQ(bench.queue.next_wakeup(), at(105ms)) << "target 5 ms + interval 100 ms";
  EXPECT_EQ(bench.poll(at(105ms)), 10) << "past 2 × target: shed, oldest first";
  EXPECT_EQ(bench.reason(10), Reason::kShed);
  EXPECT_TRUE(bench.queue.overloaded(Criticality::kCritical));
  while (bench.poll(at(105ms)) != -1) continue;
  EXPECT_EQ(bench.take(at(105ms)), next) << "LIFO now";
}

TEST(AdmissionQueue, TheTargetGrowsWithTheServiceTime) {
  AdmissionQueue::Options options;
  options.wait_max = 1s;
  AdmissionQueue queue(options);
  for (int i = 0; i < 1000; ++i) queue.observe_service(80ms);
  QueueEntry entry;
  ASSERT_FALSE(queue.offer(entry, request(), at(0s)));
  // A quarter of 80 ms and an interval: then the queue stands.
  EXPECT_EQ(queue.poll(at(119ms)), nullptr);
  EXPECT_FALSE(queue.overloaded(Criticality::kCritical)) << "5 ms and an interval";
  queue.remove(entry, at(119ms));
}

TEST(AdmissionQueue, OverloadEndsAfterAnIntervalWithoutSlough) {
  AdmissionQueue::Options options;
  options.wait_max = 1s;
  Bench bench(options);
  bench.offer(0, at(0ms));
  EXPECT_EQ(bench.poll(at(105ms)), 0);
  EXPECT_TRUE(bench.queue.overloaded(Criticality::kCritical));
  bench.offer(1, at(204ms));
  EXPECT_TRUE(bench.queue.overloaded(Criticality::kCritical));
  EXPECT_EQ(bench.take(at(204ms)), 1);
  bench.offer(2, at(205ms));
  EXPECT_FALSE(bench.queue.overloaded(Criticality::kCritical));
}

TEST(AdmissionQueue, OverloadLastsAsLongAsSomethingHasToBeShed) {
  Bench bench;
  int shed = 0;
  for (int i = 0; i < 60; ++i) {  // an arrival each 5 ms, nothing served
    EXPECT_FALSE(bench.offer(i, at(i * 5ms)));
    while (bench.poll(at(i * 5ms)) != -1) ++shed;
    EXPECT_EQ(bench.queue.overloaded(Criticality::kCritical), i >= 21) << i;
  }
  EXPECT_EQ(shed, 58) << "two of the last 10 ms still wait";
}

TEST(AdmissionQueue, OneBandsStandingQueueDoesNotShedAnother) {
  Bench bench;
  bench.offer(0, at(0ms), request(Criticality::kSheddable));
  bench.offer(1, at(95ms), request(Criticality::kCritical));
  EXPECT_EQ(bench.poll(at(105ms)), 0);
  EXPECT_EQ(bench.poll(at(105ms)), -1) << "10 ms old, but its band is not overloaded";
}

TEST(AdmissionQueue, NobodyIsShedWhileSomebodyLessCriticalWaits) {
  AdmissionQueue::Options options;
  options.wait_max = 1s;
  Bench bench(options);
  // The critical band stands and overloads alone …
  for (int i = 0; i < 3; ++i) bench.offer(i, at(0ms), request(Criticality::kCritical));
  bench.offer(3, at(100ms), request(Criticality::kSheddable));
  EXPECT_EQ(bench.poll(at(106ms)), -1);
  EXPECT_TRUE(bench.queue.overloaded(Criticality::kCritical));
  // … and sheds as soon as the sheddable entry is gone.
  bench.queue.remove(bench.entries[3], at(106ms));
  EXPECT_EQ(bench.poll(at(106ms)), 0);
}

TEST(AdmissionQueue, DoomedWorkIsRefusedOnArrivalAndAgainWhenItsTurnComes) {
  Bench bench;
  bench.queue.observe_service(20ms);
  RequestContext context = request();
  context.deadline = Deadline::at(at(15ms));
  const auto late = bench.offer(0, at(0ms), context);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->reason, Reason::kDeadlineInfeasible);
  EXPECT_EQ(late->value, 20u);
  EXPECT_EQ(late->bound, 15u);

  context.deadline = Deadline::at(at(30ms));
  EXPECT_FALSE(bench.offer(1, at(0ms), context));
  EXPECT_EQ(bench.take(at(12ms)), -1);
  EXPECT_EQ(bench.poll(at(12ms)), 1);
  EXPECT_EQ(bench.reason(1), Reason::kDeadlineInfeasible);
  context.deadline = Deadline::at(at(20ms));
  EXPECT_EQ(bench.offer(2, at(20ms), context)->reason, Reason::kDeadlinePassed);
}

TEST(AdmissionQueue, PredictedWaitIsWhatIsAheadTimesTheGapBetweenTakes) {
  Bench bench;
  for (int i = 0; i < 5; ++i) bench.offer(i, at(0ms));
  EXPECT_EQ(bench.queue.predicted_wait(Criticality::kCritical), 0ms);
  bench.take(at(0ms));
  bench.take(at(4ms));
  EXPECT_EQ(bench.queue.predicted_wait(Criticality::kCritical), 12ms);
  EXPECT_EQ(bench.queue.predicted_wait(Criticality::kCriticalPlus), 0ms);
  RequestContext context = request();
  context.deadline = Deadline::at(at(16ms));
  EXPECT_EQ(bench.offer(10, at(4ms), context)->reason, Reason::kDeadlineInfeasible);
}

TEST(AdmissionQueue, MedianFollowsTheServiceTime) {
  AdmissionQueue queue({});
  Rng rng(5);
  for (int i = 0; i < 4000; ++i) queue.observe_service(from_seconds(rng.exponential(0.020)));
  EXPECT_NEAR(to_seconds(queue.service_median()), 0.020 * std::log(2), 0.004);
  for (int i = 0; i < 200; ++i) queue.observe_service(100ms);
  EXPECT_NEAR(to_seconds(queue.service_median()), 0.100, 0.003);
}

TEST(AdmissionQueue, RemovedEntriesAreGoneWaitingOrRefused) {
  Bench bench;
  bench.offer(0, at(0ms));
  bench.offer(1, at(0ms));
  bench.offer(2, at(0ms));
  bench.queue.remove(bench.entries[1], at(1ms));
  EXPECT_EQ(bench.take(at(1ms)), 0);
  EXPECT_EQ(bench.take(at(1ms)), 2);
  for (int i = 3; i < 6; ++i) bench.offer(i, at(2ms));
  EXPECT_EQ(bench.poll(at(102ms)), 3);
  bench.queue.remove(bench.entries[4], at(102ms));
  EXPECT_EQ(bench.poll(at(102ms)), 5);
  EXPECT_TRUE(bench.queue.empty());
}

}  // namespace
}  // namespace weir::test
