#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "unit/streams/recorder.h"
#include "weir/streams/filter.h"
#include "weir/streams/for_each.h"
#include "weir/streams/map.h"
#include "weir/streams/skip.h"
#include "weir/streams/source.h"
#include "weir/streams/take.h"

namespace weir::streams {
namespace {

using Ints = std::vector<int>;

bool even(int x) {
  return x % 2 == 0;
}

TEST(Stages, MapFilterSkipTakeComposeInOrder) {
  auto seen =
      record(range(0, 100) | filter(even) | skip(2) | map([](int x) { return x * 10; }) | take(3));
  EXPECT_EQ(seen->items, (Ints{40, 60, 80}));
  EXPECT_TRUE(seen->completed);
  EXPECT_FALSE(seen->after_end);
}

TEST(Stages, DroppedItemsUseUpNoDemand) {
  auto seen = record(range(0, 100) | filter(even) | skip(1), 2);
  EXPECT_EQ(seen->items, (Ints{2, 4}));
  seen->up->request(1);
  EXPECT_EQ(seen->items, (Ints{2, 4, 6}));
  seen->up->cancel();  // a flow that has not ended keeps both sides alive
}

TEST(Stages, DroppedItemsAreReplacedWhenTheUpstreamSpeaksOnlyThePlainProtocol) {
  auto flow = Flow<int>(range(0, 100)) | filter(even);
  auto down = std::make_shared<Recorder<int>>(2);
  // ErasedSink behind a StageSubscriber: the range sees an ordinary subscriber.
  flow.subscribe(down);
  EXPECT_EQ(down->items, (Ints{0, 2}));
  down->up->cancel();
}

TEST(Stages, TakeOfNothingCompletesWithoutDemandAndCancels) {
  auto seen = record(range(0, 100) | take(0), 0);
  EXPECT_TRUE(seen->completed);
  EXPECT_TRUE(seen->items.empty());
}

TEST(Stages, AThrowingFunctionEndsTheFlowWithItsException) {
  auto seen = record(range(0, 10) | map([](int x) {
                       if (x == 3) throw std::runtime_error("three");
                       return x;
                     }));
  EXPECT_EQ(seen->items, (Ints{0, 1, 2}));
  const auto* thrown = seen->error.get_if<std::exception_ptr>();
  ASSERT_NE(thrown, nullptr);
  EXPECT_THROW(std::rethrow_exception(*thrown), std::runtime_error);
  EXPECT_FALSE(seen->completed);
}

TEST(Stages, AnErrorPassesUnchanged) {
  const auto reason = StreamError::of(std::string("mine"));
  auto seen = record(fail<int>(reason) | map([](int x) noexcept { return x; }) | filter(even));
  EXPECT_EQ(seen->error, reason);
}

TEST(ForEach, AsksForTheNextBatchWhenTheLastIsDone) {
  Ints items;
  bool ended = false;
  range(0, 1000) |
      for_each([&](int x) { items.push_back(x); }, [&](const auto& error) { ended = !error; }, 7);
  EXPECT_EQ(items.size(), 1000u);
  EXPECT_TRUE(ended);
}

TEST(Generate, CallsTheFunctionOnlyOnDemand) {
  int calls = 0;
  auto seen = record(generate([&calls]() -> std::optional<int> {
                       if (calls == 5) return std::nullopt;
                       return calls++;
                     }),
                     2);
  EXPECT_EQ(calls, 2);
  seen->up->request(10);
  EXPECT_EQ(seen->items, (Ints{0, 1, 2, 3, 4}));
  EXPECT_TRUE(seen->completed);
}

}  // namespace
}  // namespace weir::streams
