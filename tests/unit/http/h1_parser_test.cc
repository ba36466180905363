#include "http/h1_parser.h"

#include <gtest/gtest.h>

namespace weir::http {
namespace {

TEST(H1Parser, ReadsATypicalRequest) {
  const std::string_view bytes =
      "POST /orders?id=1 HTTP/1.1\r\nHost: shop.example:8080\r\nContent-Length:  5 \r\n"
      "Accept: */*\r\nX-Mine: a b\r\n\r\nhello";
  RequestHead head;
  const ParseResult result = parse_request(bytes, HeadLimits{}, head);
  ASSERT_TRUE(result.done()) << to_string(result.error);
  EXPECT_EQ(result.consumed, bytes.size() - 5);
  EXPECT_EQ(head.method, Method::kPost);
  EXPECT_EQ(head.path(), "/orders?id=1");
  EXPECT_EQ(head.authority(), "shop.example:8080");
  EXPECT_EQ(head.body, (BodyFraming{BodyKind::kLength, 5}));
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.headers.size(), 4u);
  EXPECT_EQ(head.headers.value("x-mine"), "a b");
}

}  // namespace
}  // namespace weir::http
