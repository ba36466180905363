#include "lab/call_plan.h"

#include <gtest/gtest.h>

namespace weir::lab {
namespace {

TEST(CallPlan, CommaMeansInTurnAndAmpersandAtOnce) {
  const CallRoute turn = parse_call_route("/buy=http://127.0.0.1:1/pay,http://127.0.0.1:2").value();
  EXPECT_EQ(turn.prefix, "/buy");
  EXPECT_FALSE(turn.parallel);
  ASSERT_EQ(turn.calls.size(), 2u);
  EXPECT_TRUE(turn.calls[0].request.starts_with("GET /pay HTTP/1.1\r\nhost: 127.0.0.1:1\r\n"));
  EXPECT_EQ(turn.calls[1].address.port(), 2);
  EXPECT_TRUE(turn.calls[1].request.starts_with("GET / HTTP/1.1\r\n"));

  const CallRoute once = parse_call_route("http://127.0.0.1:1/a?x=1&http://127.0.0.1:1/b").value();
  EXPECT_EQ(once.prefix, "");
  EXPECT_TRUE(once.parallel);
  EXPECT_EQ(once.calls.size(), 2u);
}

TEST(CallPlan, TheLongestPrefixWins) {
  const std::vector<CallRoute> routes{{"", {}, false}, {"/a", {}, false}, {"/a/b", {}, false}};
  EXPECT_EQ(find_route(routes, "/a/b/c"), &routes[2]);
  EXPECT_EQ(find_route(routes, "/a/c"), &routes[1]);
  EXPECT_EQ(find_route(routes, "/x"), &routes[0]);
  EXPECT_EQ(find_route({}, "/x"), nullptr);
}

TEST(CallPlan, BadTextsAreErrors) {
  for (const char* bad : {"", "/a=", "ftp://127.0.0.1:1/", "http://127.0.0.1:1/,", "/a=nonsense"}) {
    EXPECT_FALSE(parse_call_route(bad)) << bad;
  }
  std::string many = "http://127.0.0.1:1/";
  for (int i = 0; i < 16; ++i) many += ",http://127.0.0.1:1/";
  EXPECT_FALSE(parse_call_route(many));
}

}  // namespace
}  // namespace weir::lab
