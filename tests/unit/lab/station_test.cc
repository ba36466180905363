#include "lab/station.h"

#include <gtest/gtest.h>

#include <map>

#include "lab/service_time.h"

namespace weir::lab {
namespace {

using std::chrono::milliseconds;

Instant at(int64_t millis) {
  return Instant(milliseconds(millis));
}

TEST(Station, RunsAsManyAsItHasWorkersAndQueuesTheRestInOrder) {
  Station station({.workers = 2});
  EXPECT_EQ(station.arrive(1, at(0)), Station::Arrival::kStarted);
  EXPECT_EQ(station.arrive(2, at(0)), Station::Arrival::kStarted);
  EXPECT_EQ(station.arrive(3, at(1)), Station::Arrival::kQueued);
  EXPECT_EQ(station.arrive(4, at(2)), Station::Arrival::kQueued);
  EXPECT_EQ(station.finish(2, at(10))->job, 3u);
  EXPECT_EQ(station.finish(1, at(10))->job, 4u);
  EXPECT_FALSE(station.finish(3, at(20)));
  EXPECT_EQ(station.stats().in_flight, 1u);
  EXPECT_EQ(station.stats().completions, 3u);
}

TEST(Station, AFullQueueRefuses) {
  Station station({.workers = 1, .queue_max = 1});
  station.arrive(1, at(0));
  EXPECT_EQ(station.arrive(2, at(0)), Station::Arrival::kQueued);
  EXPECT_EQ(station.arrive(3, at(0)), Station::Arrival::kRefused);
  EXPECT_EQ(station.stats().refused, 1u);
}

TEST(Station, WorkOfACallerWhoLeftIsDoneAndCountedAsWasted) {
  Station station({.workers = 1});
  station.arrive(1, at(0));
  station.arrive(2, at(0));
  station.caller_left(2);
  station.caller_left(99);  // never heard of
  EXPECT_EQ(station.finish(1, at(5))->job, 2u);
  station.finish(2, at(10));
  EXPECT_EQ(station.stats().completions, 2u);
  EXPECT_EQ(station.stats().wasted, 1u);
}

TEST(Station, AJobStartsWhenItsWorkerCameFreeButNotBeforeItArrived) {
  Station station({.workers = 1});
  station.arrive(1, at(0));
  station.arrive(2, at(30));
  // Job 1 was due at 20 but its timer was handled only now, after job 2 had come.
  EXPECT_EQ(station.finish(1, at(20))->since, at(30));
  station.arrive(3, at(31));
  EXPECT_EQ(station.finish(2, at(50))->since, at(50));
}

TEST(Station, LostWorkersTakeNothingNewAndComeBack) {
  Station station({.workers = 2});
  station.arrive(1, at(0));
  station.arrive(2, at(0));
  EXPECT_TRUE(station.lose_workers(1, at(1)).empty());
  station.arrive(3, at(2));
  station.arrive(4, at(2));
  EXPECT_FALSE(station.finish(1, at(10)));
  EXPECT_EQ(station.finish(2, at(11))->job, 3u);
  const auto starts = station.lose_workers(0, at(12));
  ASSERT_EQ(starts.size(), 1u);
  EXPECT_EQ(starts[0].job, 4u);
  EXPECT_EQ(starts[0].since, at(12));
}

// Late timers must not cost capacity: the schedule is kept by due times, in virtual time, while
// every completion is handled `lateness` after it was due.
TEST(Station, CapacityDoesNotDependOnTimerLateness) {
  constexpr int kWorkers = 8;
  const ServiceTime service = ServiceTime::exponential(milliseconds(20));
  Rng rng(5);
  Station station({.workers = kWorkers});
  std::multimap<Instant, JobId> due;
  constexpr JobId kJobs = 40'000;
  for (JobId job = 0; job < kJobs; ++job) {
    if (station.arrive(job, at(0)) == Station::Arrival::kStarted) {
      due.emplace(at(0) + service.draw(rng), job);
    }
  }
  Instant last{};
  while (!due.empty()) {
    const auto [when, job] = *due.begin();
    due.erase(due.begin());
    last = when;
    if (const auto next = station.finish(job, when)) {
      due.emplace(next->since + service.draw(rng), next->job);
    }
  }
  const double rate = kJobs / to_seconds(last - Instant{});
  EXPECT_NEAR(rate, 400, 400 * 0.02);
}

}  // namespace
}  // namespace weir::lab
