// Requests that must be understood, and what they are understood to say.
#include <gtest/gtest.h>

#include <string>

#include "http/h1_parser.h"

namespace weir::http {
namespace {

// Owns the bytes that the head points into.
struct Parsed {
  std::string bytes;
  RequestHead head;
  ParseResult result;

  explicit Parsed(std::string text) : bytes(std::move(text)) {
    result = parse_request(bytes, HeadLimits{}, head);
  }
};

TEST(H1Request, TypicalHead) {
  const Parsed p(
      "POST /orders?id=1 HTTP/1.1\r\nHost: shop.example:8080\r\nContent-Length:  5 \r\n"
      "Accept: */*\r\nX-Mine:\ta b\t\r\n\r\nhello");
  ASSERT_TRUE(p.result.done()) << to_string(p.result.error);
  EXPECT_EQ(p.result.consumed, p.bytes.size() - 5);
  EXPECT_EQ(p.head.method, Method::kPost);
  EXPECT_EQ(p.head.method_text(), "POST");
  EXPECT_EQ(p.head.path(), "/orders?id=1");
  EXPECT_EQ(p.head.authority(), "shop.example:8080");
  EXPECT_EQ(p.head.body, (BodyFraming{BodyKind::kLength, 5}));
  EXPECT_TRUE(p.head.keep_alive);
  EXPECT_FALSE(p.head.upgrade);
  EXPECT_EQ(p.head.headers.size(), 4u);
  EXPECT_EQ(p.head.headers[1].id, HeaderName::kContentLength);
  EXPECT_EQ(p.head.headers.value("X-MINE"), "a b");
  EXPECT_EQ(p.head.headers.value("absent"), "");
}

TEST(H1Request, OneEmptyLineBeforeTheRequestIsSkipped) {
  const Parsed p("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(p.result.done());
  EXPECT_EQ(p.result.consumed, p.bytes.size());
}

TEST(H1Request, EmptyAndOddValuesAreAccepted) {
  const Parsed p(
      "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \t \r\nZ: \xc3\xa9:;\"\r\n!#$%&'*+-.^_`|~: 1\r\n\r\n");
  ASSERT_TRUE(p.result.done()) << to_string(p.result.error);
  EXPECT_EQ(p.head.headers[1].value, "");
  EXPECT_EQ(p.head.headers[2].value, "");
  EXPECT_EQ(p.head.headers[3].value, "\xc3\xa9:;\"");
  EXPECT_EQ(p.head.headers[4].name, "!#$%&'*+-.^_`|~");
}

TEST(H1Request, Methods) {
  EXPECT_EQ(Parsed("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n").head.method, Method::kDelete);
  const Parsed other("get / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(other.result.done());
  EXPECT_EQ(other.head.method, Method::kOther);
  EXPECT_EQ(other.head.method_text(), "get");
}

TEST(H1Request, TargetForms) {
  const Parsed absolute("GET http://a.b:80/c?d HTTP/1.1\r\nHost: A.b\r\n\r\n");
  ASSERT_TRUE(absolute.result.done()) << to_string(absolute.result.error);
  EXPECT_EQ(absolute.head.path(), "/c?d");
  EXPECT_EQ(absolute.head.authority(), "a.b:80");
  EXPECT_EQ(Parsed("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n").head.path(), "/");
  EXPECT_EQ(Parsed("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n").head.path(), "*");
  EXPECT_EQ(Parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").head.path(), "*");
  const Parsed connect("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
  ASSERT_TRUE(connect.result.done());
  EXPECT_EQ(connect.head.authority(), "a:443");
  EXPECT_EQ(connect.head.path(), "");
}

TEST(H1Request, Http10NeedsNoHostAndClosesByDefault) {
  const Parsed plain("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(plain.result.done());
  EXPECT_FALSE(plain.head.keep_alive);
  EXPECT_EQ(plain.head.authority(), "");
  EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").head.keep_alive);
}

TEST(H1Request, LaterMinorVersionsSpeak11) {
  const Parsed p("GET / HTTP/1.7\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(p.result.done());
  EXPECT_EQ(p.head.minor_version, 1);
}

TEST(H1Request, ConnectionOptionsOfAllLinesCount) {
  const Parsed p(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-A ,, x-b\r\nConnection: CLOSE\r\n\r\n");
  ASSERT_TRUE(p.result.done());
  EXPECT_TRUE(p.head.connection.close);
  EXPECT_TRUE(p.head.connection.others);
  EXPECT_FALSE(p.head.keep_alive);
}

TEST(H1Request, Framing) {
  const auto body = [](const std::string& lines) {
    const Parsed p("POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
    EXPECT_TRUE(p.result.done()) << lines << to_string(p.result.error);
    return p.head.body;
  };
  EXPECT_EQ(body(""), (BodyFraming{BodyKind::kNone, 0}));
  EXPECT_EQ(body("Content-Length: 0\r\n"), (BodyFraming{BodyKind::kLength, 0}));
  EXPECT_EQ(body("Content-Length: 007\r\n"), (BodyFraming{BodyKind::kLength, 7}));
  EXPECT_EQ(body("Content-Length: 9223372036854775807\r\n").length, 9223372036854775807u);
  EXPECT_EQ(body("Transfer-Encoding: ChunkeD\r\n").kind, BodyKind::kChunked);
  EXPECT_EQ(body("Transfer-Encoding:\tchunked\t \r\n").kind, BodyKind::kChunked);
}

TEST(H1Request, BodiesAreFramedWhateverTheMethod) {
  EXPECT_EQ(Parsed("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n").head.body.length, 3u);
  EXPECT_EQ(
      Parsed("HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").head.body.kind,
      BodyKind::kChunked);
}

TEST(H1Request, UpgradeIsHonouredOnlyWhereNothingHidesBehindIt) {
  const auto upgrades = [](const std::string& version, const std::string& lines) {
    const Parsed p("GET / HTTP/" + version + "\r\nHost: a\r\n" + lines + "\r\n");
    EXPECT_TRUE(p.result.done()) << to_string(p.result.error);
    return p.head.upgrade;
  };
  EXPECT_TRUE(upgrades("1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_FALSE(upgrades("1.1", "Upgrade: websocket\r\n"));
  EXPECT_FALSE(upgrades("1.1", "Connection: Upgrade\r\n"));
  EXPECT_FALSE(upgrades("1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_FALSE(upgrades("1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\n"));
  EXPECT_FALSE(upgrades("1.1", "Connection: Upgrade\r\nUpgrade: websocket, H2C\r\n"));
  EXPECT_FALSE(
      upgrades("1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n"));
  EXPECT_TRUE(
      upgrades("1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"));
}

TEST(H1Request, ExpectContinueCountsOnlyWithABody) {
  EXPECT_TRUE(
      Parsed("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n")
          .head.expect_continue);
  EXPECT_FALSE(
      Parsed("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").head.expect_continue);
  EXPECT_FALSE(
      Parsed("PUT / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
          .head.expect_continue);
}

TEST(H1Request, ExactlyTheLimitsAreAccepted) {
  std::string lines;
  for (int i = 0; i < 99; ++i) lines += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_TRUE(Parsed("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n").result.done());
  const std::string target(16 * 1024 - 1, 'a');
  EXPECT_TRUE(Parsed("GET /" + target + " HTTP/1.1\r\nHost: a\r\n\r\n").result.done());
  const size_t others = std::string("Host: a\r\nX: \r\n").size();
  const std::string value(60 * 1024 - others, 'v');
  EXPECT_TRUE(Parsed("GET / HTTP/1.1\r\nHost: a\r\nX: " + value + "\r\n\r\n").result.done());
}

TEST(H1Request, AHeadCanBeUsedAgainAndFollowsItsBuffer) {
  Parsed p("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX: 1\r\n\r\n");
  const std::string moved = p.bytes;
  p.bytes.assign(p.bytes.size(), '?');
  p.head.headers.rebase(moved.data());
  EXPECT_EQ(p.head.headers.value("x"), "1");
  EXPECT_EQ(p.head.authority(), "a");
  p.head.reset();
  const std::string next = "GET /b HTTP/1.1\r\nHost: b\r\n\r\n";
  ASSERT_TRUE(parse_request(next, HeadLimits{}, p.head).done());
  EXPECT_EQ(p.head.path(), "/b");
  EXPECT_FALSE(p.head.body.has_body());
  EXPECT_FALSE(p.head.headers.contains(HeaderName::kContentLength));
}

}  // namespace
}  // namespace weir::http
