// 10,000 random pipelines: demand is never exceeded, signals are serial, there is exactly one
// terminal signal, nothing comes after a cancel, and nothing is lost. WEIR_SEED and WEIR_RUNS
// choose others.
#include "property/streams/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <latch>

#include "weir/exec/thread_pool.h"
#include "weir/streams/virtual_scheduler.h"

namespace weir::streams {
namespace {

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Asks for random amounts, at the end of some on_next and when the driver says so; may cancel.
class RandomConsumer final : public Subscriber<int64_t> {
 public:
  RandomConsumer(uint64_t seed, bool may_cancel, std::latch* done)
      : rng_(seed),
        step_max_(1 + rng_.below(12)),
        greedy_(rng_.below(5) == 0),
        cancel_at_(may_cancel && rng_.below(4) == 0 ? rng_.below(30) : UINT64_MAX),
        done_(done) {}

  void on_subscribe(std::shared_ptr<Subscription> subscription) noexcept override {
    up_ = std::move(subscription);
    if (greedy_) {
      ask(kUnbounded);
    } else if (done_ != nullptr || rng_.below(2) == 0) {
      ask(1 + rng_.below(step_max_));
    }
  }
  void on_next(int64_t item) noexcept override {
    items.push_back(item);
    --owed;
    if (items.size() == cancel_at_) return cancel();
    if (done_ != nullptr ? owed == 0 : rng_.below(3) == 0) ask(1 + rng_.below(step_max_));
  }
  void on_error(StreamError reason) noexcept override {
    error = std::move(reason);
    on_complete();
  }
  void on_complete() noexcept override {
    ++terminals;
    if (done_ != nullptr) done_->count_down();
  }

  /// From the driver, when nothing moves. False when there is nothing more to ask for.
  bool nudge() {
    if (ended() || owed != 0) return false;
    ask(1 + rng_.below(step_max_));
    return true;
  }
  bool ended() const { return terminals != 0 || cancelled; }

  std::vector<int64_t> items;
  StreamError error;
  int terminals = 0;
  bool cancelled = false;
  uint64_t owed = 0;

 private:
  void ask(uint64_t n) {
    owed = saturating_add(owed, n);
    up_->request(n);
  }
  void cancel() {
    up_->cancel();
    cancelled = true;
    if (done_ != nullptr) done_->count_down();
  }

  Rng rng_;
  const uint64_t step_max_;
  const bool greedy_;
  const uint64_t cancel_at_;
  std::latch* const done_;
  std::shared_ptr<Subscription> up_;
};

bool as_promised(const Pipeline& pipeline, const RandomConsumer& consumer) {
  std::vector<int64_t> got = consumer.items;
  std::vector<int64_t> want = pipeline.items;
  switch (pipeline.certainty) {
    case Certainty::kSequence: break;
    case Certainty::kMultiset:
      if (consumer.cancelled) return got.size() <= want.size();
      std::sort(got.begin(), got.end());
      std::sort(want.begin(), want.end());
      break;
    case Certainty::kCount:
      return consumer.cancelled ? got.size() <= want.size() : got.size() == want.size();
    case Certainty::kAnything: return true;
  }
  if (consumer.cancelled && got.size() <= want.size()) want.resize(got.size());
  return got == want;
}

bool ends_as_promised(const Pipeline& pipeline, const RandomConsumer& consumer) {
  if (consumer.cancelled) return consumer.terminals == 0;
  if (consumer.terminals != 1) return false;
  if (pipeline.certainty == Certainty::kAnything) return true;
  return pipeline.fails ? consumer.error == source_error() : !consumer.error;
}

std::string tell(uint64_t seed, const Pipeline& pipeline, const RandomConsumer& consumer) {
  return "seed " + std::to_string(seed) + ": " + pipeline.text + "\n  got " +
         std::to_string(consumer.items.size()) + " items of " +
         std::to_string(pipeline.items.size()) + ", " + std::to_string(consumer.terminals) +
         " terminals, owed " + std::to_string(consumer.owed) +
         (consumer.cancelled ? ", cancelled" : "");
}

TEST(RandomPipelines, KeepTheContractOnOneThread) {
  const uint64_t first = from_environment("WEIR_SEED", 1);
  const uint64_t runs = from_environment("WEIR_RUNS", 10'000);
  std::printf("seeds %llu to %llu\n", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(first + runs - 1));
  for (uint64_t seed = first; seed < first + runs; ++seed) {
    Rng rng(seed);
    VirtualScheduler scheduler;
    auto report = std::make_shared<Report>();
    const Pipeline pipeline = random_pipeline(rng, scheduler, report);
    auto consumer = std::make_shared<RandomConsumer>(rng.next(), true, nullptr);
    checked(pipeline.flow, report, "the end", true).subscribe(consumer);
    // Bound: each round either moves an item or runs a timer of a stream that is still alive.
    for (int round = 0; round < 100'000 && !consumer->ended(); ++round) {
      scheduler.run();
      if (consumer->ended() || consumer->nudge()) continue;
      if (scheduler.next_timer() == kInstantMax) break;
      scheduler.advance(scheduler.next_timer() - scheduler.now());
    }
    scheduler.run();
    ASSERT_FALSE(report->violated()) << report->what() << "\n" << tell(seed, pipeline, *consumer);
    ASSERT_TRUE(ends_as_promised(pipeline, *consumer)) << tell(seed, pipeline, *consumer);
    ASSERT_TRUE(as_promised(pipeline, *consumer)) << tell(seed, pipeline, *consumer);
  }
}

TEST(RandomPipelines, KeepTheContractOnThreads) {
  const uint64_t first = from_environment("WEIR_SEED", 1'000'001);
  const uint64_t runs = from_environment("WEIR_THREAD_RUNS", 1'000);
  std::printf("seeds %llu to %llu\n", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(first + runs - 1));
  for (uint64_t seed = first; seed < first + runs; ++seed) {
    Rng rng(seed);
    std::latch done(1);
    auto report = std::make_shared<Report>();
    report->threads = true;
    exec::ThreadPool pool({.threads = 3});
    const Pipeline pipeline = random_pipeline(rng, pool, report);
    auto consumer = std::make_shared<RandomConsumer>(rng.next(), false, &done);
    checked(pipeline.flow, report, "the end", true).subscribe(consumer);
    done.wait();
    ASSERT_FALSE(report->violated()) << report->what() << "\n" << tell(seed, pipeline, *consumer);
    ASSERT_TRUE(ends_as_promised(pipeline, *consumer)) << tell(seed, pipeline, *consumer);
    ASSERT_TRUE(as_promised(pipeline, *consumer)) << tell(seed, pipeline, *consumer);
  }
}

}  // namespace
}  // namespace weir::streams
