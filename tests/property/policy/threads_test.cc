// Real threads on one stack, in virtual time: nothing is lost, no bound is broken, nobody is
// forgotten. Under ThreadSanitizer this is also the check of the memory orders.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "support/engine.h"
#include "weir/base/rng.h"
#include "weir/policy/breaker.h"
#include "weir/policy/bulkhead.h"
#include "weir/policy/gate.h"
#include "weir/policy/priority_gate.h"
#include "weir/policy/retry_budget.h"

namespace weir::test {
namespace {

constexpr int kThreads = 4;
constexpr uint32_t kLimit = 3;
constexpr int kArrivals = 20'000;
constexpr int kIdleTurnsMax =
    50'000'000;  // a forgotten wake-up fails the test instead of hanging it

struct World {
  World() {
    Breaker::Options breaker_options;
    breaker_options.worker_count = kThreads;
    breaker = std::make_shared<Breaker>(breaker_options, at(0s));
    limiter = fixed_limiter(kLimit, kThreads);
    pool = std::make_shared<BulkheadPool>(kLimit, limiter->line());
    bulkhead = std::make_shared<Bulkhead>(Bulkhead::Options{.reserve_ratio = 0.4}, pool);
    stack = std::make_shared<PolicyStack>(std::vector<std::shared_ptr<Policy>>{
        std::make_shared<PriorityGate>(kThreads), breaker, bulkhead, limiter});
  }
  Instant now() noexcept { return at(1us * clock.fetch_add(1, std::memory_order_relaxed)); }

  std::atomic<int64_t> clock{0};
  std::shared_ptr<Breaker> breaker;
  std::shared_ptr<Limiter> limiter;
  std::shared_ptr<BulkheadPool> pool;
  std::shared_ptr<Bulkhead> bulkhead;
  std::shared_ptr<PolicyStack> stack;
  std::shared_ptr<GateGroup> group = std::make_shared<GateGroup>();
  std::array<std::atomic<bool>, kThreads> woken{};
  std::atomic<uint32_t> running{0};
  std::atomic<uint32_t> running_max{0};
};

struct Job : QueueEntry {
  Permit permit;
};

/// An event loop that keeps a few jobs going, and pumps only when the contract says so.
class Loop final : public GateSink {
 public:
  Loop(World& world, uint16_t slot) : world_(world), slot_(slot), rng_(slot + 1U) {
    Gate::Options options;
    options.slot = slot;
    options.loop_count = kThreads;
    options.depth_ratio = 100;
    options.queue.wait_max = 24h;  // a forgotten entry must show, not time out
    options.queue.interval = 24h;
    gate_ = std::make_unique<Gate>(world.stack, world.group, world.limiter, options);
  }

  void admitted(QueueEntry& entry, Permit permit) noexcept override {
    --waiting_;
    start(static_cast<Job&>(entry), std::move(permit));
  }
  void refused(QueueEntry&, const Rejection&) noexcept override { ADD_FAILURE() << "refused"; }

  void run() {
    int idle = 0;
    for (int arrivals = 0; arrivals < kArrivals || waiting_ > 0 || !running_.empty();) {
      const bool woken = world_.woken[slot_].exchange(false);
      if (woken) pump();
      Job* job = free_job();
      const bool arrives = arrivals < kArrivals && job != nullptr && rng_.below(2) == 0;
      if (arrives) {
        ++arrivals;
        arrive(*job);
      } else if (!running_.empty()) {
        finish();
      } else {
        std::this_thread::yield();  // those who run may need this core to end
      }
      idle = woken || arrives || !running_.empty() ? 0 : idle + 1;
      if (idle > kIdleTurnsMax) {
        ADD_FAILURE() << waiting_ << " forgotten in loop " << slot_;
        break;
      }
    }
    for (Job& job : jobs_) gate_->cancel(job, world_.now());
  }

 private:
  Job* free_job() {
    for (Job& job : jobs_)
      if (!job.queued() && !job.permit) return &job;
    return nullptr;
  }

  void arrive(Job& job) {
    RequestContext context = request(static_cast<Criticality>(rng_.below(kCriticalityCount)));
    context.worker = slot_;
    Arrival arrival = gate_->arrive(job, context, world_.now());
    if (arrival.verdict == Verdict::kAdmitted) start(job, std::move(arrival.permit));
    if (arrival.verdict == Verdict::kWaiting) ++waiting_;
    EXPECT_NE(arrival.verdict, Verdict::kRejected) << to_string(arrival.rejection.reason);
    wake(arrival.wake);
  }

  void start(Job& job, Permit permit) {
    const uint32_t running = 1 + world_.running.fetch_add(1);
    uint32_t max = world_.running_max.load();
    while (max < running && !world_.running_max.compare_exchange_weak(max, running)) continue;
    job.permit = std::move(permit);
    running_.push_back(&job);
  }

  void finish() {
    std::swap(running_[rng_.below(running_.size())], running_.back());
    Job& job = *running_.back();
    running_.pop_back();
    world_.running.fetch_sub(1);
    if (rng_.below(4) == 0)
      job.permit = Permit();
    else
      std::move(job.permit).complete(Outcome::kSuccess, world_.now());
    pump();
  }

  void pump() { wake(gate_->pump(world_.now(), *this)); }
  void wake(int slot) {
    if (slot != kNobody) world_.woken[static_cast<size_t>(slot)].store(true);
  }

  World& world_;
  uint16_t slot_;
  Rng rng_;
  std::unique_ptr<Gate> gate_;
  std::array<Job, 8> jobs_;
  std::vector<Job*> running_;
  int waiting_ = 0;
};

TEST(Threads, GatesForgetNobodyAndHoldTheLimit) {
  World world;
  std::vector<std::unique_ptr<Loop>> loops;
  for (uint16_t i = 0; i < kThreads; ++i) loops.push_back(std::make_unique<Loop>(world, i));
  std::vector<std::thread> threads;
  for (auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
  for (auto& thread : threads) thread.join();
  EXPECT_LE(world.running_max.load(), kLimit);
  EXPECT_EQ(world.stack->outstanding(), 0);
  EXPECT_EQ(world.limiter->inflight(), 0u);
  EXPECT_EQ(world.bulkhead->inflight(), 0u);
  EXPECT_EQ(world.pool->borrowed(), 0u);
  EXPECT_EQ(world.group->waiting(), 0u);
}

// The one race that matters, thousands of times: one loop gives back the only place while another
// arrives. Either the arrival finds the place or the other loop is told to wake it.
TEST(Threads, WhoArrivesWhileThePlaceIsGivenBackIsAdmittedOrWoken) {
  World world;
  world.limiter = fixed_limiter(1, 2);
  world.stack = std::make_shared<PolicyStack>(std::vector<std::shared_ptr<Policy>>{world.limiter});
  Gate::Options options;
  options.queue.wait_max = options.queue.interval = 24h;
  Gate leaving(world.stack, world.group, nullptr, options);
  options.slot = 1;
  Gate arriving(world.stack, world.group, nullptr, options);
  struct Sink final : GateSink {
    void admitted(QueueEntry&, Permit permit) noexcept override { got = std::move(permit); }
    void refused(QueueEntry&, const Rejection&) noexcept override { ADD_FAILURE(); }
    Permit got;
  } sink;
  Job job, holder;
  std::atomic<int> round{0}, left{0};
  int wake = kNobody;
  std::thread leaver([&] {
    for (int i = 1; i <= kArrivals; ++i) {
      while (round.load() < i) std::this_thread::yield();
      std::move(holder.permit).complete(Outcome::kSuccess, world.now());
      wake = leaving.pump(world.now(), sink);
      left.store(i);
    }
  });
  for (int i = 1; i <= kArrivals; ++i) {
    holder.permit = leaving.arrive(holder, request(), world.now()).permit;
    EXPECT_TRUE(holder.permit);
    const Instant now = world.now() + 1s;
    round.store(i);
    for (int spin = 0; spin < i % 64; ++spin) world.clock.load();  // shift the race a little
    Arrival arrival = arriving.arrive(job, request(), now);
    while (left.load() < i) std::this_thread::yield();
    if (arrival.verdict == Verdict::kWaiting) {
      EXPECT_EQ(wake, 1) << "forgotten in round " << i;
      arriving.pump(now, sink);
      EXPECT_TRUE(sink.got) << "forgotten in round " << i;
    }
    sink.got = Permit();
    arrival.permit = Permit();
  }
  leaver.join();
}

TEST(Threads, BreakerTurnsOncePerGenerationAndEndsClosed) {
  Breaker::Options options;
  options.worker_count = kThreads;
  options.calls_min = 10;
  options.window = 10ms;
  options.slow_after = 5ms;
  options.open_initial = options.open_max = 3ms;
  Breaker breaker(options, at(0s));
  std::atomic<int64_t> clock{0};
  std::atomic<int> transitions{0};
  std::vector<std::thread> threads;
  for (uint16_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      Rng rng(i + 1U);
      RequestContext context = request();
      context.worker = i;
      for (int n = 0; n < kArrivals; ++n) {
        const Instant now = at(1us * clock.fetch_add(1));
        auto ticket = breaker.admit(context, now);
        if (!ticket) continue;
        const bool bad_times = (clock.load() / 20'000) % 2 == 0;
        const bool fails = bad_times && rng.below(4) != 0;
        breaker.complete(*ticket, Completion{fails ? Outcome::kFailure : Outcome::kSuccess, i, now,
                                             at(1us * clock.fetch_add(1))});
      }
    });
  for (auto& thread : threads) thread.join();
  std::vector<BreakerTransition> history(Breaker::kHistory);
  history.resize(breaker.transitions_after(0, history));
  ASSERT_GE(history.size(), 3u) << "it opened and probed";
  for (size_t i = 1; i < history.size(); ++i) {
    EXPECT_EQ(history[i].generation, history[i - 1].generation + 1);
    EXPECT_EQ(history[i].from, history[i - 1].to);
  }
  Instant now = at(1us * clock.load() + 1min);
  for (int i = 0; i < 100 && breaker.state() != BreakerState::kClosed; ++i, now += 1min)
    if (auto ticket = breaker.admit(request(), now))
      breaker.complete(*ticket, Completion{Outcome::kSuccess, 0, now, now});
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
}

TEST(Threads, RetryBudgetIsExact) {
  RetryBudget budget({.ratio = 0.2, .min_rate = 0, .tokens_max = 1000}, at(0s));
  while (budget.try_withdraw(at(0s))) continue;
  std::atomic<int> withdrawn{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 5000; ++n) {
        budget.deposit(at(0s));
        if (budget.try_withdraw(at(0s))) ++withdrawn;
      }
    });
  for (auto& thread : threads) thread.join();
  while (budget.try_withdraw(at(0s))) ++withdrawn;
  EXPECT_EQ(withdrawn.load(), kThreads * 5000 / 5);
}

TEST(Threads, WindowsLoseNoSampleWithOneWriterEach) {
  const auto limiter = fixed_limiter(1'000'000, kThreads);
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (uint16_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      RequestContext context = request();
      context.worker = i;
      for (int n = 0; n < kArrivals; ++n)
        if (auto ticket = limiter->admit(context, at(0s)))
          limiter->complete(*ticket, Completion{Outcome::kSuccess, i, at(0s), at(1ms)});
      ++done;
    });
  uint64_t samples = 0, admitted = 0;
  Instant now = at(0s);
  while (done.load() < kThreads) {
    now += 1s;
    if (const auto change = limiter->tick(now)) {
      samples += change->window.samples();
      admitted += change->window.admitted;
    }
  }
  for (auto& thread : threads) thread.join();
  if (const auto change = limiter->tick(now + 1s)) {
    samples += change->window.samples();
    admitted += change->window.admitted;
  }
  EXPECT_EQ(samples, uint64_t{kThreads} * kArrivals);
  EXPECT_EQ(admitted, uint64_t{kThreads} * kArrivals);
}

}  // namespace
}  // namespace weir::test
