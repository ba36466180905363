// Generators and awaitable consumption.
#include <gtest/gtest.h>

#include <latch>
#include <stdexcept>
#include <string>

#include "unit/streams/probe.h"
#include "unit/streams/recorder.h"
#include "weir/exec/thread_pool.h"
#include "weir/streams/generator.h"
#include "weir/streams/map.h"
#include "weir/streams/next.h"
#include "weir/streams/publish_on.h"
#include "weir/streams/source.h"
#include "weir/streams/subscribe_on.h"
#include "weir/streams/take.h"

namespace weir::streams {
namespace {

using Ints = std::vector<int>;

Generator<int> squares(int count, int* steps) {
  for (int i = 0; i < count; ++i) {
    ++*steps;
    co_yield i* i;
  }
}

TEST(Generator, RunsAsFarAsIsRequested) {
  int steps = 0;
  auto seen = record(from_generator([&] { return squares(5, &steps); }), 2);
  EXPECT_EQ(steps, 2);
  EXPECT_EQ(seen->items, (Ints{0, 1}));
  seen->up->request(10);
  EXPECT_EQ(seen->items, (Ints{0, 1, 4, 9, 16}));
  EXPECT_TRUE(seen->completed);
}

Generator<int> none(int argument) {
  if (argument > 100) co_yield argument;
}

TEST(Generator, AnArgumentOfTheItemsTypeIsNoItem) {
  auto seen = record(from_generator([] { return none(7); }));
  EXPECT_TRUE(seen->items.empty());
}

TEST(Generator, EachSubscriberHasItsOwn) {
  int steps = 0;
  auto flow = from_generator([&] { return squares(3, &steps); });
  EXPECT_EQ(record(flow)->items, record(flow)->items);
  EXPECT_EQ(steps, 6);
}

TEST(Generator, AnExceptionIsTheFlowsError) {
  auto seen = record(from_generator([]() -> Generator<int> {
    co_yield 1;
    throw std::runtime_error("two");
  }));
  EXPECT_EQ(seen->items, (Ints{1}));
  EXPECT_NE(seen->error.get_if<std::exception_ptr>(), nullptr);
}

struct SetAtExit {
  bool* flag;
  ~SetAtExit() { *flag = true; }
};

Generator<int> endless(bool* destroyed) {
  const SetAtExit guard{destroyed};
  for (int i = 0;; ++i) co_yield i;
}

TEST(Generator, ACancelRunsItsDestructors) {
  bool destroyed = false;
  {
    auto seen = record(from_generator([&] { return endless(&destroyed); }) | take(3));
    EXPECT_EQ(seen->items.size(), 3u);
  }
  EXPECT_TRUE(destroyed);
}

template <FlowLike P>
Detached drain_into(P flow, uint64_t ahead, Ints* items, StreamError* error, bool* ended) {
  auto reader = read(flow, ahead);
  while (auto item = co_await next(reader)) items->push_back(*item);
  *error = reader.error();
  *ended = true;
}

TEST(Next, AwaitsOneItemAfterTheOther) {
  Probe<int> probe;
  Ints items;
  StreamError error;
  bool ended = false;
  drain_into(probe.flow(), 4, &items, &error, &ended);
  EXPECT_EQ(probe.requested(), 4u);
  for (int i = 0; i < 3; ++i) probe.next(i);
  EXPECT_EQ(items, (Ints{0, 1, 2}));
  EXPECT_EQ(probe.requested(), 7u);
  const auto reason = StreamError::of(std::string("broken"));
  probe.error(reason);
  EXPECT_TRUE(ended);
  EXPECT_EQ(error, reason);
}

TEST(Next, ReadsEverythingFromAnotherThread) {
  exec::ThreadPool pool({.threads = 2});
  std::latch done(1);
  int64_t sum = 0;
  [](exec::ThreadPool& threads, std::latch& latch, int64_t& total) -> Detached {
    auto reader = read(range(0, 50'000) | subscribe_on(threads), 16);
    while (auto item = co_await next(reader)) total += *item;
    latch.count_down();
  }(pool, done, sum);
  done.wait();
  EXPECT_EQ(sum, int64_t{50'000} * 49'999 / 2);
}

TEST(Next, AReaderThatGoesAwayCancels) {
  Probe<int> probe;
  { auto reader = read(probe.flow(), 4); }
  EXPECT_TRUE(probe.cancelled());
}

}  // namespace
}  // namespace weir::streams
