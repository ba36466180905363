#include "bridge/offset_tracker.h"

#include <gtest/gtest.h>

namespace weir::bridge {
namespace {

TEST(OffsetTracker, CommitsOnlyWhatIsContiguous) {
  OffsetTracker tracker;
  for (int64_t offset = 10; offset < 14; ++offset) EXPECT_EQ(tracker.arrive(offset), Arrived::kNew);
  tracker.complete(11);
  tracker.complete(13);
  EXPECT_EQ(tracker.front(), 10);
  tracker.complete(10);
  EXPECT_EQ(tracker.front(), 12);
  tracker.complete(12);
  EXPECT_EQ(tracker.front(), 14);
  EXPECT_EQ(tracker.pending(), 0u);
}

TEST(OffsetTracker, RemembersWhatWasDoneBeyondTheCommit) {
  OffsetTracker before;
  for (int64_t offset = 0; offset < 6; ++offset) before.arrive(offset);
  for (const int64_t offset : {1, 2, 4}) before.complete(offset);
  OffsetTracker after;
  ASSERT_TRUE(after.restore(before.position()));
  EXPECT_EQ(after.arrive(0), Arrived::kNew);
  EXPECT_EQ(after.arrive(1), Arrived::kDone);
  EXPECT_EQ(after.arrive(2), Arrived::kDone);
  EXPECT_EQ(after.arrive(3), Arrived::kNew);
  EXPECT_EQ(after.arrive(4), Arrived::kDone);
  EXPECT_EQ(after.arrive(5), Arrived::kNew);
  after.complete(0);
  EXPECT_EQ(after.front(), 3);
}

TEST(OffsetTracker, KeepsWhatItHasNotSeenAgainYet) {
  OffsetTracker first;
  for (int64_t offset = 0; offset < 9; ++offset) first.arrive(offset);
  first.complete(7);
  OffsetTracker second;
  second.restore(first.position());
  second.arrive(0);
  OffsetTracker third;
  third.restore(second.position());
  for (int64_t offset = 0; offset < 9; ++offset)
    EXPECT_EQ(third.arrive(offset), offset == 7 ? Arrived::kDone : Arrived::kNew) << offset;
}

TEST(OffsetTracker, GapsOfCompactionAreNoWork) {
  OffsetTracker tracker;
  for (const int64_t offset : {5, 90, 4000}) tracker.arrive(offset);
  tracker.complete(90);
  tracker.complete(5);
  EXPECT_EQ(tracker.front(), 4000);
}

TEST(OffsetTracker, StartsOverWhenTheLogWasCut) {
  OffsetTracker tracker;
  tracker.arrive(100);
  tracker.arrive(101);
  const uint32_t generation = tracker.generation();
  EXPECT_EQ(tracker.arrive(3), Arrived::kRewound);
  EXPECT_NE(tracker.generation(), generation);
  EXPECT_EQ(tracker.front(), 3);
  EXPECT_EQ(tracker.pending(), 1u);
}

TEST(OffsetTracker, IsFullAtItsWindowAndFitsIntoOneCommit) {
  OffsetTracker tracker;
  const auto window = static_cast<int64_t>(OffsetTracker::kWindowMax);
  for (int64_t offset = 0; offset < window; ++offset) {
    ASSERT_FALSE(tracker.full());
    tracker.arrive(offset);
  }
  EXPECT_TRUE(tracker.full());
  for (int64_t offset = 1; offset < window; offset += 2) tracker.complete(offset);
  const Position position = tracker.position();
  EXPECT_LE(position.metadata.size(), kMetadataMax);
  const auto done = decode_ranges(position.metadata, position.offset);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->ranges().size(), OffsetTracker::kWindowMax / 2);
}

OffsetRanges ranges_of(std::initializer_list<OffsetRanges::Range> list) {
  OffsetRanges ranges;
  for (const auto& range : list) ranges.add(range);
  return ranges;
}

TEST(OffsetRanges, SurviveTheWayThroughMetadata) {
  const OffsetRanges ranges = ranges_of({{8, 9}, {100, 30'000}, {1 << 30, (1 << 30) + 5}});
  const auto decoded = decode_ranges(encode_ranges(ranges, 7), 7);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->ranges(), ranges.ranges());
}

TEST(OffsetRanges, WhatDoesNotFitIsLeftOutFromTheTop) {
  OffsetRanges ranges;
  for (int64_t i = 0; i < 5000; ++i) ranges.add(1 + i * 1000);
  const std::string metadata = encode_ranges(ranges, 0);
  EXPECT_LE(metadata.size(), kMetadataMax);
  const auto decoded = decode_ranges(metadata, 0);
  ASSERT_TRUE(decoded);
  ASSERT_GT(decoded->ranges().size(), 500u);
  for (size_t i = 0; i < decoded->ranges().size(); ++i)
    EXPECT_EQ(decoded->ranges()[i], ranges.ranges()[i]);
}

TEST(OffsetRanges, UnreadableMetadataIsIgnored) {
  const std::string good = encode_ranges(ranges_of({{8, 9}}), 7);
  EXPECT_FALSE(decode_ranges(good, 6)) << "written for another offset";
  EXPECT_FALSE(decode_ranges("", 7));
  EXPECT_FALSE(decode_ranges("note by an operator", 7));
  EXPECT_FALSE(decode_ranges("weir2." + good.substr(6), 7)) << "a later version";
  for (size_t i = 6; i < good.size(); ++i) {
    std::string damaged = good;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(decode_ranges(damaged, 7)) << i;
    EXPECT_FALSE(decode_ranges(good.substr(0, i), 7)) << i;
  }
  OffsetTracker tracker;
  EXPECT_FALSE(tracker.restore({7, "note by an operator"}));
  EXPECT_EQ(tracker.arrive(7), Arrived::kNew);
}

}  // namespace
}  // namespace weir::bridge
