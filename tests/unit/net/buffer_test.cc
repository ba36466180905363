#include "net/buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace weir::net {
namespace {

TEST(Buffer, HoldsASlabOnlyWhileItHoldsBytes) {
  SlabPool pool;
  Buffer buffer(pool);
  EXPECT_EQ(pool.outstanding(), 0U);
  EXPECT_EQ(buffer.append("hello"), 5U);
  EXPECT_EQ(pool.outstanding_bytes(), SlabPool::kSlab);
  buffer.consume(2);
  EXPECT_EQ(buffer.readable(), "llo");
  buffer.consume(3);
  EXPECT_EQ(pool.outstanding(), 0U);
}

TEST(Buffer, IsBoundedAndMovesItsBytesToTheFrontToMakeRoom) {
  SlabPool pool;
  Buffer buffer(pool);
  EXPECT_EQ(buffer.append(std::string(SlabPool::kSlab + 10, 'a')), SlabPool::kSlab);
  EXPECT_TRUE(buffer.full());
  EXPECT_TRUE(buffer.prepare().empty());
  buffer.consume(100);
  EXPECT_EQ(buffer.append(std::string(200, 'b')), 100U);
  EXPECT_EQ(buffer.size(), SlabPool::kSlab);
  buffer.consume(SlabPool::kSlab - 100);
  EXPECT_EQ(buffer.readable(), std::string(100, 'b'));
}

TEST(Buffer, GrowsOnceAndKeepsItsBytes) {
  SlabPool pool;
  Buffer buffer(pool);
  const std::string head(SlabPool::kSlab, 'h');
  buffer.append(head);
  buffer.consume(1);
  ASSERT_TRUE(buffer.grow());
  EXPECT_EQ(buffer.readable(), head.substr(1));
  EXPECT_EQ(buffer.prepare().size(), SlabPool::kLargeSlab - head.size() + 1);
  EXPECT_FALSE(buffer.grow());
  buffer.release();
  EXPECT_EQ(pool.outstanding_bytes(), 0U);
}

TEST(Buffer, PrepareAndCommitAreAReadersTwoSteps) {
  SlabPool pool;
  Buffer buffer(pool);
  std::span<char> room = buffer.prepare();
  std::memcpy(room.data(), "abc", 3);
  buffer.commit(3);
  EXPECT_EQ(buffer.readable(), "abc");
}

TEST(SlabPool, ReusesSlabs) {
  SlabPool pool;
  char* first = pool.take(SlabPool::kSlab);
  pool.give(first, SlabPool::kSlab);
  char* second = pool.take(SlabPool::kSlab);
  EXPECT_EQ(first, second);
  pool.give(second, SlabPool::kSlab);
}

}  // namespace
}  // namespace weir::net
