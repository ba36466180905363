// One measurement of the engine: admit + complete through a stack, by one or more threads at once.
//
// usage: engine_bench CASE THREADS SECONDS
// Prints one JSON line: {"case", "threads", "ops", "ns_per_op"}; ns_per_op is a thread's own time
// for one admit and one complete.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "weir/control/fixed_limit.h"
#include "weir/policy/breaker.h"
#include "weir/policy/bulkhead.h"
#include "weir/policy/gate.h"
#include "weir/policy/limiter.h"
#include "weir/policy/policy_stack.h"
#include "weir/policy/priority_gate.h"

namespace {

using weir::Instant;

constexpr uint16_t kThreadsMax = 8;
constexpr uint32_t kLimit = 100;
constexpr int kBatch = 1024;  // operations between two looks at the clock and the stop flag

Instant clock_now() noexcept {
  return Instant(std::chrono::duration_cast<weir::Duration>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

std::shared_ptr<weir::Limiter> limiter() {
  weir::Limiter::Options options;
  options.worker_count = kThreadsMax;
  return std::make_shared<weir::Limiter>(
      std::make_unique<weir::FixedLimit>(weir::FixedLimitOptions{kLimit}), options, clock_now());
}

std::shared_ptr<weir::PolicyStack> four_policies() {
  weir::Breaker::Options breaker;
  breaker.worker_count = kThreadsMax;
  const auto limiter = ::limiter();
  return std::make_shared<weir::PolicyStack>(std::vector<std::shared_ptr<weir::Policy>>{
      std::make_shared<weir::PriorityGate>(kThreadsMax),
      std::make_shared<weir::Breaker>(breaker, clock_now()),
      std::make_shared<weir::Bulkhead>(weir::Bulkhead::Options{.max = kLimit}, limiter->line()),
      limiter});
}

weir::RequestContext request(uint16_t worker) {
  weir::RequestContext context;
  context.worker = worker;
  return context;
}

/// One thread's work: called again and again, does kBatch operations.
using Batch = std::function<void()>;

// Time passes 1 µs an operation without a clock being read, as in a host that reads it once an
// event.
Batch engine_alone(std::shared_ptr<weir::PolicyStack> stack, uint16_t worker) {
  return [stack, context = request(worker), now = clock_now()]() mutable {
    for (int i = 0; i < kBatch; ++i) {
      now += std::chrono::microseconds(1);
      auto permit = stack->admit(context, now);
      if (permit) std::move(*permit).complete(weir::Outcome::kSuccess, now);
    }
  };
}

// The clock is read before each half, as the peers do inside.
Batch with_clock(std::shared_ptr<weir::PolicyStack> stack, uint16_t worker) {
  return [stack, context = request(worker)] {
    for (int i = 0; i < kBatch; ++i) {
      auto permit = stack->admit(context, clock_now());
      if (permit) std::move(*permit).complete(weir::Outcome::kSuccess, clock_now());
    }
  };
}

// A stack that is full: the cost of a refusal.
Batch refused(std::shared_ptr<weir::PolicyStack> stack, uint16_t worker) {
  auto held = std::make_shared<std::vector<weir::Permit>>();
  while (true) {
    auto permit = stack->admit(request(worker), clock_now());
    if (!permit) break;
    held->push_back(std::move(*permit));
  }
  return [stack, held, context = request(worker), now = clock_now()] {
    for (int i = 0; i < kBatch; ++i)
      if (stack->admit(context, now)) std::abort();
  };
}

Batch make_batch(std::string_view name, const std::shared_ptr<weir::PolicyStack>& four,
                 const std::shared_ptr<weir::PolicyStack>& one, uint16_t worker) {
  if (name == "four") return engine_alone(four, worker);
  if (name == "four-clock") return with_clock(four, worker);
  if (name == "limiter") return engine_alone(one, worker);
  if (name == "refused") return refused(four, worker);
  std::fprintf(stderr, "unknown case; one of: four four-clock limiter refused\n");
  std::exit(64);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: engine_bench CASE THREADS SECONDS\n");
    return 64;
  }
  const std::string_view name = argv[1];
  const int threads = std::atoi(argv[2]);
  const double seconds = std::atof(argv[3]);
  const auto four = four_policies();
  const auto one =
      std::make_shared<weir::PolicyStack>(std::vector<std::shared_ptr<weir::Policy>>{limiter()});

  std::atomic<bool> go{false}, stop{false};
  std::vector<std::vector<double>> times(
      static_cast<size_t>(threads));  // ns an operation, by batch
  std::vector<Batch> batches;         // outlive the threads, with the permits some of them hold
  for (int t = 0; t < threads; ++t)
    batches.push_back(make_batch(name, four, one, static_cast<uint16_t>(t)));
  std::vector<std::thread> pool;
  for (size_t t = 0; t < batches.size(); ++t)
    pool.emplace_back([&, t] {
      times[t].reserve(size_t{1} << 20);
      while (!go.load()) std::this_thread::yield();
      while (!stop.load(std::memory_order_relaxed)) {
        const Instant begin = clock_now();
        batches[t]();
        times[t].push_back(static_cast<double>((clock_now() - begin).count()) / kBatch);
      }
    });
  go = true;
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (auto& thread : pool) thread.join();

  std::vector<double> all;
  for (const auto& own : times) all.insert(all.end(), own.begin(), own.end());
  std::nth_element(all.begin(), all.begin() + static_cast<ptrdiff_t>(all.size() / 2), all.end());
  std::printf("{\"case\":\"%s\",\"threads\":%d,\"ops\":%zu,\"ns_per_op\":%.2f}\n", argv[1], threads,
              all.size() * kBatch, all[all.size() / 2]);
  return 0;
}
