#include "proxy/body_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "weir/base/rng.h"

namespace weir::proxy {
namespace {

// Takes at most `appetite` bytes a call.
struct Sink {
  std::string& got;
  std::vector<std::string>& trailers;
  size_t appetite;

  size_t body(std::string_view payload) {
    const size_t size = std::min(payload.size(), appetite);
    got += payload.substr(0, size);
    return size;
  }
  void trailer(const http::HeaderView& field) { trailers.emplace_back(field.name); }
};

TEST(BodyReader, AnySplitAndAnyAppetiteGiveTheSameBody) {
  const std::string wire =
      "3;x=1\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n";
  const std::string next = "GET / HTTP/1.1\r\n";
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    net::SlabPool pool;
    net::Buffer in(pool);
    BodyReader reader({http::BodyKind::kChunked, 0}, http::BodyLimits{});
    std::string got;
    std::vector<std::string> trailers;
    std::string left = wire + next;
    BodyState state = BodyState::kNeedMore;
    for (int step = 0; step < 10'000 && state != BodyState::kDone; ++step) {
      const size_t size = std::min<size_t>(left.size(), rng.below(6));
      in.append(left.substr(0, size));
      left.erase(0, size);
      state = reader.pump(in, Sink{got, trailers, rng.below(4)});
      ASSERT_NE(state, BodyState::kError);
    }
    ASSERT_EQ(state, BodyState::kDone);
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(got, "abc0123456789abcdef");
    EXPECT_EQ(trailers, (std::vector<std::string>{"X-A", "X-B"}));
    EXPECT_EQ(std::string(in.readable()) + left, next);
    in.release();
  }
}

TEST(BodyReader, ABlockedReceiverLosesNothingAndBlocksUntilItTakes) {
  net::SlabPool pool;
  net::Buffer in(pool);
  in.append("hello");
  BodyReader reader({http::BodyKind::kLength, 5}, http::BodyLimits{});
  std::string got;
  std::vector<std::string> trailers;
  EXPECT_EQ(reader.pump(in, Sink{got, trailers, 0}), BodyState::kBlocked);
  EXPECT_EQ(in.size(), 5U);
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.pump(in, Sink{got, trailers, 2}), BodyState::kBlocked);
  EXPECT_EQ(reader.pump(in, Sink{got, trailers, 9}), BodyState::kDone);
  EXPECT_EQ(got, "hello");
}

TEST(BodyReader, AnEndIsAnEndOnlyWhereTheFramingSaysSo) {
  BodyReader until_close({http::BodyKind::kUntilClose, 0}, http::BodyLimits{});
  EXPECT_TRUE(until_close.finish_at_close());
  BodyReader length({http::BodyKind::kLength, 5}, http::BodyLimits{});
  EXPECT_FALSE(length.finish_at_close());
  BodyReader chunked({http::BodyKind::kChunked, 0}, http::BodyLimits{});
  EXPECT_FALSE(chunked.finish_at_close());
}

TEST(BodyReader, MalformedChunksAreErrors) {
  net::SlabPool pool;
  net::Buffer in(pool);
  in.append("xyz\r\n");
  BodyReader reader({http::BodyKind::kChunked, 0}, http::BodyLimits{});
  std::string got;
  std::vector<std::string> trailers;
  EXPECT_EQ(reader.pump(in, Sink{got, trailers, 9}), BodyState::kError);
  EXPECT_EQ(reader.error(), http::H1Error::kBadChunkSize);
  in.release();
}

}  // namespace
}  // namespace weir::proxy
