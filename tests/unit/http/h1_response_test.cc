#include <gtest/gtest.h>

#include <string>

#include "http/h1_parser.h"

namespace weir::http {
namespace {

struct Parsed {
  std::string bytes;
  ResponseHead head;
  ParseResult result;

  explicit Parsed(std::string text, ResponseTo request = {}) : bytes(std::move(text)) {
    result = parse_response(bytes, HeadLimits{}, request, head);
  }
};

TEST(H1Response, TypicalHead) {
  const Parsed p("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: x\r\n\r\nhi");
  ASSERT_TRUE(p.result.done()) << to_string(p.result.error);
  EXPECT_EQ(p.result.consumed, p.bytes.size() - 2);
  EXPECT_EQ(p.head.status, 200);
  EXPECT_EQ(p.head.status_text(), "200 OK");
  EXPECT_EQ(p.head.body, (BodyFraming{BodyKind::kLength, 2}));
  EXPECT_TRUE(p.head.keep_alive);
}

TEST(H1Response, ReasonMayBeEmptyOrAbsent) {
  EXPECT_TRUE(Parsed("HTTP/1.1 200 \r\n\r\n").result.done());
  EXPECT_TRUE(Parsed("HTTP/1.1 200\r\n\r\n").result.done());
  EXPECT_TRUE(Parsed("HTTP/1.1 200 \xc3\xa9\tfine\r\n\r\n").result.done());
}

TEST(H1Response, WithoutLengthLastsUntilClose) {
  const Parsed p("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(p.head.body.kind, BodyKind::kUntilClose);
  EXPECT_FALSE(p.head.keep_alive);
}

TEST(H1Response, StatusesAndMethodsWithoutBody) {
  const std::string rest = " X\r\nContent-Length: 7\r\n\r\n";
  for (const char* status : {"100", "103", "204", "304"}) {
    const Parsed p("HTTP/1.1 " + std::string(status) + rest);
    ASSERT_TRUE(p.result.done());
    EXPECT_EQ(p.head.body.kind, BodyKind::kNone) << status;
    EXPECT_TRUE(p.head.keep_alive) << status;
  }
  const Parsed head("HTTP/1.1 200" + rest, {Method::kHead, false});
  EXPECT_EQ(head.head.body.kind, BodyKind::kNone);
  EXPECT_TRUE(head.head.has_content_length);
  EXPECT_EQ(head.head.content_length, 7u);
}

TEST(H1Response, SwitchingProtocolsOnlyWhenAsked) {
  const std::string bytes = "HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
  EXPECT_EQ(Parsed(bytes).result.error, H1Error::kUnexpectedUpgrade);
  const Parsed asked(bytes, {Method::kGet, true});
  ASSERT_TRUE(asked.result.done());
  EXPECT_TRUE(asked.head.switches_protocol);
  EXPECT_FALSE(asked.head.is_interim());
  const Parsed tunnel("HTTP/1.1 200 OK\r\n\r\n", {Method::kConnect, false});
  EXPECT_TRUE(tunnel.head.switches_protocol);
  const Parsed refused("HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\n", {Method::kConnect, false});
  EXPECT_FALSE(refused.head.switches_protocol);
  EXPECT_EQ(refused.head.body.length, 1u);
}

TEST(H1Response, InterimHeadsComeOneByOne) {
  const std::string bytes =
      "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
  ResponseHead head;
  const auto first = parse_response(bytes, {}, {}, head);
  ASSERT_TRUE(first.done());
  EXPECT_TRUE(head.is_interim());
  head.reset();
  const auto second = parse_response(std::string_view(bytes).substr(first.consumed), {}, {}, head);
  ASSERT_TRUE(second.done());
  EXPECT_EQ(head.status, 204);
  EXPECT_EQ(first.consumed + second.consumed, bytes.size());
}

TEST(H1Response, Http10KeepsAliveOnlyWhenSaid) {
  EXPECT_FALSE(Parsed("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(Parsed("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n")
                  .head.keep_alive);
}

struct Malformed {
  const char* bytes;
  H1Error error;
};

TEST(H1Response, MalformedOnesAreErrors) {
  using enum H1Error;
  const Malformed rows[] = {
      {"HTTP/1.1 20 OK\r\n\r\n", kBadStatusLine},
      {"HTTP/1.1 2000 OK\r\n\r\n", kBadStatusLine},
      {"HTTP/1.1 099 OK\r\n\r\n", kBadStatusLine},
      {"HTTP/1.1 2x0 OK\r\n\r\n", kBadStatusLine},
      {"HTTP/1.1  200 OK\r\n\r\n", kBadStatusLine},
      {"HTTP/1.1\t200 OK\r\n\r\n", kBadStatusLine},
      {"HTTP/1.1\r\n\r\n", kBadStatusLine},
      {"HTTP/2.0 200 OK\r\n\r\n", kBadVersion},
      {"ICY 200 OK\r\n\r\n", kBadStatusLine},
      {"JUNK/1.1 200 OK\r\n\r\n", kBadVersion},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", kBadStatusLine},
      {"HTTP/1.1 200 OK\n\r\n", kBareLf},
      {"HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n", kObsFold},
      {"HTTP/1.1 200 OK\r\nX : 1\r\n\r\n", kSpaceBeforeColon},
      {"HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n", kControlCharacter},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       kDuplicateContentLength},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       kLengthAndCoding},
      {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", kBadContentLength},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", kUnknownTransferCoding},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", kBadTransferCoding},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", kCodingOnHttp10},
      {"HTTP/1.1 304 Not\r\nContent-Length: x\r\n\r\n", kBadContentLength},
  };
  for (const Malformed& row : rows) {
    EXPECT_EQ(to_string(Parsed(row.bytes).result.error), to_string(row.error)) << row.bytes;
  }
  const std::string reason(2000, 'r');
  EXPECT_EQ(Parsed("HTTP/1.1 200 " + reason).result.error, kHeadTooLarge);
}

}  // namespace
}  // namespace weir::http
