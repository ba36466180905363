#include "bridge/key_lanes.h"

#include <gtest/gtest.h>

#include "unit/bridge/records.h"

namespace weir::bridge {
namespace {

TEST(KeyLanes, AKeyHasOneRecordOutAtATime) {
  KeyLanes lanes(Ordering::kKey);
  lanes.push(make_record(0, "a"), {});
  lanes.push(make_record(1, "a"), {});
  lanes.push(make_record(2, "b"), {});
  Record& a = lanes.next(at_ms(1));
  EXPECT_EQ(a.offset, 0);
  EXPECT_EQ(lanes.next(at_ms(1)).offset, 2);
  EXPECT_EQ(lanes.peek(at_ms(1)), nullptr);
  lanes.finish(a);
  EXPECT_EQ(lanes.next(at_ms(1)).offset, 1);
  EXPECT_EQ(lanes.out(), 2u);
}

TEST(KeyLanes, RecordsWithoutAKeyHaveNoOrder) {
  KeyLanes lanes(Ordering::kKey);
  lanes.push(make_record(0, ""), {});
  lanes.push(make_record(1, ""), {});
  EXPECT_EQ(lanes.next(at_ms(1)).offset, 0);
  EXPECT_EQ(lanes.next(at_ms(1)).offset, 1);
}

TEST(KeyLanes, TheSameKeyInAnotherPartitionIsAnotherLane) {
  KeyLanes lanes(Ordering::kKey);
  lanes.push(make_record(0, "a", 1), {});
  lanes.push(make_record(0, "a", 2), {});
  lanes.next(at_ms(1));
  EXPECT_NE(lanes.peek(at_ms(1)), nullptr);
}

TEST(KeyLanes, PartitionOrderLetsOneRecordOutOfEach) {
  KeyLanes lanes(Ordering::kPartition);
  lanes.push(make_record(0, "a"), {});
  lanes.push(make_record(1, "b"), {});
  lanes.next(at_ms(1));
  EXPECT_EQ(lanes.peek(at_ms(1)), nullptr);
}

TEST(KeyLanes, AHeldRecordHoldsItsKeyAndNobodyElse) {
  KeyLanes lanes(Ordering::kKey);
  lanes.push(make_record(0, "a"), {});
  lanes.push(make_record(1, "a"), {});
  lanes.push(make_record(2, "b"), {});
  lanes.hold(lanes.next(at_ms(1)), at_ms(50));
  EXPECT_EQ(lanes.next(at_ms(1)).offset, 2);
  EXPECT_EQ(lanes.peek(at_ms(49)), nullptr);
  EXPECT_EQ(lanes.next_wakeup(), at_ms(50));
  EXPECT_EQ(lanes.next(at_ms(50)).offset, 0);
}

TEST(KeyLanes, TakingAPartitionLeavesWhatIsOutAndOtherPartitions) {
  KeyLanes lanes(Ordering::kKey);
  for (int64_t offset = 0; offset < 3; ++offset) lanes.push(make_record(offset, "a", 1), {});
  lanes.push(make_record(3, "b", 1), {});
  lanes.push(make_record(0, "a", 2), {});
  Record& out = lanes.next(at_ms(1));
  EXPECT_EQ(lanes.take(out.source()).size(), 3u);
  EXPECT_EQ(lanes.size(), 2u);
  EXPECT_EQ(lanes.finish(out)->offset, 0);
  EXPECT_EQ(lanes.next(at_ms(1)).group, 2u);
}

TEST(KeyLanes, ATakenLaneThatWasReadyIsNotHandedOut) {
  KeyLanes lanes(Ordering::kKey);
  lanes.push(make_record(0, "a"), {});
  lanes.take(make_record(0, "a")->source());
  EXPECT_EQ(lanes.peek(at_ms(1)), nullptr);
  lanes.push(make_record(1, "a"), {});
  EXPECT_EQ(lanes.next(at_ms(1)).offset, 1);
  EXPECT_EQ(lanes.peek(at_ms(1)), nullptr);
}

}  // namespace
}  // namespace weir::bridge
