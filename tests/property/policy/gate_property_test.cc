// Gates of several loops on one stack: each arrival gets one answer, no permit is lost, and nobody
// waits while there is room.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

#include "support/engine.h"
#include "weir/base/rng.h"
#include "weir/policy/bulkhead.h"
#include "weir/policy/gate.h"

namespace weir::test {
namespace {

constexpr int kSeeds = 200;
constexpr int kSteps = 3000;

enum class Fate : uint8_t { kIdle, kWaiting, kRunning };

struct Job : QueueEntry {
  Fate fate = Fate::kIdle;
  Permit permit;
};

/// One event loop: a gate, its jobs, and what it was told to do.
struct Loop final : GateSink {
  void admitted(QueueEntry& entry, Permit permit) noexcept override {
    Job& job = static_cast<Job&>(entry);
    EXPECT_EQ(job.fate, Fate::kWaiting);
    job.fate = Fate::kRunning;
    job.permit = std::move(permit);
  }
  void refused(QueueEntry& entry, const Rejection&) noexcept override {
    Job& job = static_cast<Job&>(entry);
    EXPECT_EQ(job.fate, Fate::kWaiting);
    job.fate = Fate::kIdle;
  }

  std::array<Job, 30> jobs;
  std::unique_ptr<Gate> gate;
};

class World {
 public:
  explicit World(uint64_t seed) : rng_(seed) {
    limiter_ = fixed_limiter(1 + static_cast<uint32_t>(rng_.below(10)));
    auto bulkhead = std::make_shared<Bulkhead>(
        Bulkhead::Options{.max = 1 + static_cast<uint32_t>(rng_.below(12))}, limiter_->line());
    bulkhead_ = bulkhead.get();
    stack_ = std::make_shared<PolicyStack>(
        std::vector<std::shared_ptr<Policy>>{std::move(bulkhead), limiter_});
    Gate::Options options;
    options.depth_ratio = 3 * rng_.uniform();
    options.loop_count = static_cast<uint16_t>(1 + rng_.below(4));
    loops_ = std::vector<Loop>(options.loop_count);
    for (Loop& loop : loops_) {
      loop.gate = std::make_unique<Gate>(stack_, group_, limiter_, options);
      ++options.slot;
    }
  }

  void step() {
    now_ += from_seconds(rng_.exponential(0.001));
    Loop& loop = loops_[rng_.below(loops_.size())];
    Job& job = loop.jobs[rng_.below(loop.jobs.size())];
    switch (job.fate) {
      case Fate::kIdle: arrive(loop, job); break;
      case Fate::kWaiting: cancel(loop, job); break;
      case Fate::kRunning: end(loop, job); break;
    }
    for (Loop& each : loops_)
      if (each.gate->next_wakeup() <= now_) pump(each);
    check();
  }

  void finish() {
    for (Loop& loop : loops_) {
      for (Job& job : loop.jobs) {
        loop.gate->cancel(job, now_);
        if (job.fate == Fate::kRunning) std::move(job.permit).complete(Outcome::kIgnored, now_);
      }
    }
    EXPECT_EQ(stack_->outstanding(), 0);
    EXPECT_EQ(limiter_->inflight(), 0u);
    EXPECT_EQ(group_->waiting(), 0u);
  }

 private:
  void arrive(Loop& loop, Job& job) {
    const auto criticality = static_cast<Criticality>(rng_.below(kCriticalityCount));
    const auto cost = static_cast<uint32_t>(rng_.below(10) == 0 ? 2 : 1);
    Arrival arrival = loop.gate->arrive(job, request(criticality, cost), now_);
    switch (arrival.verdict) {
      case Verdict::kAdmitted:
        job.fate = Fate::kRunning;
        job.permit = std::move(arrival.permit);
        break;
      case Verdict::kWaiting: job.fate = Fate::kWaiting; break;
      case Verdict::kRejected: break;
    }
    EXPECT_EQ(job.queued(), arrival.verdict == Verdict::kWaiting);
    wake(arrival.wake);
  }

  void cancel(Loop& loop, Job& job) {
    if (rng_.below(10) != 0) return;
    EXPECT_TRUE(loop.gate->cancel(job, now_));
    job.fate = Fate::kIdle;
    pump(loop);
  }

  void end(Loop& loop, Job& job) {
    if (rng_.below(2) == 0)
      std::move(job.permit).complete(Outcome::kSuccess, now_);
    else
      job.permit = Permit();  // lost
    job.fate = Fate::kIdle;
    pump(loop);
  }

  void pump(Loop& loop) { wake(loop.gate->pump(now_, loop)); }

  void wake(int slot) {
    for (int wakes = 0; slot != kNobody; ++wakes) {
      ASSERT_LT(wakes, 100) << "loops wake each other for ever";
      Loop& loop = loops_[static_cast<size_t>(slot)];
      slot = loop.gate->pump(now_, loop);
    }
  }

  void check() {
    uint32_t waiting = 0, running = 0, dearest = 1;
    for (Loop& loop : loops_)
      for (Job& job : loop.jobs) {
        waiting += job.fate == Fate::kWaiting;
        running += job.fate == Fate::kRunning;
        if (job.fate == Fate::kWaiting) dearest = std::max(dearest, job.context().cost);
      }
    EXPECT_EQ(stack_->outstanding(), running);
    EXPECT_EQ(group_->waiting(), waiting);
    EXPECT_LE(limiter_->inflight(), limiter_->limit());
    if (waiting == 0) return;
    const bool room = limiter_->inflight() + dearest <= limiter_->limit() &&
                      bulkhead_->inflight() + dearest <= bulkhead_->max();
    EXPECT_FALSE(room) << waiting << " wait while there is room";
  }

  Rng rng_;
  Instant now_ = at(0s);
  std::shared_ptr<Limiter> limiter_;
  Bulkhead* bulkhead_;
  std::shared_ptr<PolicyStack> stack_;
  std::shared_ptr<GateGroup> group_ = std::make_shared<GateGroup>();
  std::vector<Loop> loops_;
};

TEST(GateProperty, OneAnswerEachNoPermitLostNobodyWaitsInVain) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    for (int i = 0; i < kSteps && !testing::Test::HasFailure(); ++i) world.step();
    world.finish();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace weir::test
