#include "observe/span.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::observe {
namespace {

// The example of the standard.
constexpr const char* kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, ReadsTheExampleOfTheStandard) {
  TraceContext trace;
  ASSERT_TRUE(trace.parse(kParent));
  EXPECT_EQ(trace.parent_id, 0x00f067aa0ba902b7u);
  EXPECT_EQ(trace.trace_id[0], 0x4b);
  EXPECT_EQ(trace.trace_id[15], 0x36);
  EXPECT_TRUE(trace.sampled);
  EXPECT_FALSE(trace.present()) << "it has no span of its own yet";
}

TEST(TraceContext, WritesWhatTheNextHopReads) {
  TraceContext trace;
  ASSERT_TRUE(trace.parse(kParent));
  trace.span_id = 0x0102030405060708;
  std::string text(TraceContext::kTextSize, ' ');
  trace.write(text.data());
  EXPECT_EQ(text, "00-4bf92f3577b34da6a3ce929d0e0e4736-0102030405060708-01");
}

TEST(TraceContext, NeverBelievesWhatIsMalformed) {
  const std::string good = kParent;
  TraceContext trace;
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = 'X';
    EXPECT_FALSE(trace.parse(bad)) << bad;
    EXPECT_FALSE(trace.parse(good.substr(0, i)));
  }
  EXPECT_FALSE(trace.parse("ff" + good.substr(2))) << "version ff is forbidden";
  EXPECT_FALSE(trace.parse(good + "-more")) << "version 00 has no more";
  EXPECT_TRUE(trace.parse("01" + good.substr(2) + "-more")) << "a later one may";
  EXPECT_FALSE(trace.parse("00-" + std::string(32, '0') + good.substr(35)));
  EXPECT_FALSE(trace.parse(good.substr(0, 36) + std::string(16, '0') + "-01"));
  EXPECT_FALSE(trace.parse("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"));
}

}  // namespace
}  // namespace weir::observe
