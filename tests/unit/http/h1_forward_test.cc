#include "http/h1_forward.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "http/h1_parser.h"

namespace weir::http {
namespace {

std::string forward_request(const std::string& bytes, const RequestForwarding& how) {
  RequestHead head;
  EXPECT_TRUE(parse_request(bytes, HeadLimits{}, head).done()) << bytes;
  std::array<char, 4096> buffer;
  HeadWriter out(buffer.data(), buffer.size());
  EXPECT_TRUE(write_forwarded_request(head, how, out));
  return std::string(out.view());
}

std::string forward_response(const std::string& bytes, const ResponseForwarding& how,
                             ResponseTo request = {}) {
  ResponseHead head;
  EXPECT_TRUE(parse_response(bytes, HeadLimits{}, request, head).done()) << bytes;
  std::array<char, 4096> buffer;
  HeadWriter out(buffer.data(), buffer.size());
  EXPECT_TRUE(write_forwarded_response(head, how, out));
  return std::string(out.view());
}

const RequestForwarding kPlain = {.scheme = "", .via = ""};

TEST(ForwardRequest, AddsWhoAskedAndWhoPassedOn) {
  EXPECT_EQ(forward_request("GET /a HTTP/1.1\r\nHost: h\r\nAccept: x\r\n\r\n",
                            {.client_address = "10.0.0.7", .request_id = "id-1"}),
            "GET /a HTTP/1.1\r\nHost: h\r\nAccept: x\r\nX-Forwarded-For: 10.0.0.7\r\n"
            "X-Forwarded-Proto: http\r\nX-Request-Id: id-1\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(ForwardRequest, RemovesHopByHopFields) {
  EXPECT_EQ(forward_request("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Mine, close\r\n"
                            "Keep-Alive: timeout=5\r\nA: 1\r\nX-Mine: gone\r\nx-mine: gone\r\n"
                            "TE: trailers\r\nProxy-Connection: x\r\nUpgrade: foo\r\n"
                            "HTTP2-Settings: x\r\nB: 2\r\n\r\n",
                            kPlain),
            "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n\r\n");
}

TEST(ForwardRequest, ConnectionCannotRemoveHostOrIdentity) {
  EXPECT_EQ(
      forward_request("GET / HTTP/1.1\r\nHost: h\r\n"
                      "Connection: Host, X-Forwarded-For, X-Request-Id, Content-Length\r\n"
                      "X-Forwarded-For: 1.1.1.1\r\nX-Request-Id: r\r\nContent-Length: 3\r\n\r\n",
                      kPlain),
      "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\nX-Request-Id: r\r\n"
      "Content-Length: 3\r\n\r\n");
}

TEST(ForwardRequest, FramingIsWrittenAnew) {
  EXPECT_EQ(forward_request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 010\r\n\r\n", kPlain),
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
  EXPECT_EQ(forward_request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ,\tChunked\r\n\r\n",
                            kPlain),
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(ForwardRequest, AbsoluteTargetsBecomeOriginForm) {
  EXPECT_EQ(forward_request("GET HTTP://Shop:80/a?b HTTP/1.1\r\nHost: shop\r\n\r\n", kPlain),
            "GET /a?b HTTP/1.1\r\nHost: Shop:80\r\n\r\n");
  EXPECT_EQ(forward_request("GET http://shop HTTP/1.1\r\nHost: shop\r\n\r\n", kPlain),
            "GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
}

TEST(ForwardRequest, HostCanBeReplacedOrSupplied) {
  RequestForwarding how = kPlain;
  how.host_default = "up:80";
  EXPECT_EQ(forward_request("GET / HTTP/1.0\r\n\r\n", how),
            "GET / HTTP/1.1\r\nHost: up:80\r\n\r\n");
  how.host = "other";
  EXPECT_EQ(forward_request("GET / HTTP/1.1\r\nHost: h\r\n\r\n", how),
            "GET / HTTP/1.1\r\nHost: other\r\n\r\n");
}

TEST(ForwardRequest, ForwardedForIsOneLineWithTheWholeChain) {
  RequestForwarding how = kPlain;
  how.client_address = "3.3.3.3";
  EXPECT_EQ(forward_request("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\nA: b\r\n"
                            "X-Forwarded-For: 2.2.2.2\r\nX-Forwarded-For:\r\n\r\n",
                            how),
            "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n"
            "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3\r\n\r\n");
}

TEST(ForwardRequest, ProtoIsReplacedUnlessTrusted) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n\r\n";
  EXPECT_EQ(forward_request(bytes, {.via = ""}),
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: http\r\n\r\n");
  EXPECT_EQ(forward_request(bytes, {.via = "", .keep_proto = true}),
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n\r\n");
}

TEST(ForwardRequest, UpgradePassesOnlyWhenHonoured) {
  const std::string ask =
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  EXPECT_EQ(forward_request(ask + "\r\n", kPlain),
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(forward_request(ask + "Content-Length: 1\r\n\r\n", kPlain),
            "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
  RequestForwarding never = kPlain;
  never.allow_upgrade = false;
  EXPECT_EQ(forward_request(ask + "\r\n", never), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

TEST(ForwardRequest, ExpectPassesOnlyWhenTheUpstreamShallAnswerIt) {
  const std::string bytes =
      "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
  EXPECT_EQ(forward_request(bytes, kPlain),
            "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
  RequestForwarding how = kPlain;
  how.keep_expect = true;
  EXPECT_EQ(forward_request(bytes, how),
            "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
}

TEST(ForwardRequest, DropsAndAddsWhatTheCallerSays) {
  RequestForwarding how = kPlain;
  how.drop = {HeaderName::kCookie};
  how.extra_lines = "X-New: 1\r\n";
  EXPECT_EQ(forward_request("GET / HTTP/1.1\r\nHost: h\r\nCookie: c\r\nA: 1\r\n\r\n", how),
            "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nX-New: 1\r\n\r\n");
}

TEST(ForwardRequest, SaysWhenItDoesNotFit) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  RequestHead head;
  ASSERT_TRUE(parse_request(bytes, HeadLimits{}, head).done());
  std::array<char, 20> buffer;
  HeadWriter out(buffer.data(), buffer.size());
  EXPECT_FALSE(write_forwarded_request(head, kPlain, out));
}

const ResponseForwarding kPlainBack = {.via = ""};

TEST(ForwardResponse, AddsViaAndProxyStatusAtTheEnd) {
  EXPECT_EQ(forward_response(
                "HTTP/1.1 200 Fine\r\nVia: 1.1 a\r\nProxy-Status: a\r\nContent-Length: 0\r\n\r\n",
                {.request_id = "r", .proxy_status = "weir"}),
            "HTTP/1.1 200 Fine\r\nVia: 1.1 a\r\nProxy-Status: a\r\nContent-Length: 0\r\n"
            "X-Request-Id: r\r\nProxy-Status: weir\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(ForwardResponse, RemovesHopByHopFields) {
  EXPECT_EQ(forward_response("HTTP/1.1 200 OK\r\nConnection: X-A\r\nX-A: 1\r\nKeep-Alive: x\r\n"
                             "Content-Length: 1\r\nUpgrade: h2c\r\n\r\n",
                             kPlainBack),
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
}

TEST(ForwardResponse, AnAbsentReasonKeepsItsBlank) {
  EXPECT_EQ(forward_response("HTTP/1.0 200\r\nContent-Length: 1\r\n\r\n", kPlainBack),
            "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n");
}

TEST(ForwardResponse, UntilCloseBecomesChunksForHttp11) {
  const std::string bytes = "HTTP/1.0 200 OK\r\n\r\n";
  EXPECT_EQ(forward_response(bytes, kPlainBack),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(forward_response(bytes, {.client_minor_version = 0, .via = ""}),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(ForwardResponse, Http10ClientsGetNoChunks) {
  const ResponseForwarding old = {.client_minor_version = 0, .via = ""};
  EXPECT_EQ(forward_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", old),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(forward_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", old),
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n");
}

TEST(ForwardResponse, LengthWithoutBodyIsKeptForHeadAnd304Only) {
  EXPECT_EQ(forward_response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", kPlainBack,
                             {Method::kHead, false}),
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(forward_response("HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n", kPlainBack),
            "HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(forward_response("HTTP/1.1 204 X\r\nContent-Length: 9\r\n\r\n", kPlainBack),
            "HTTP/1.1 204 X\r\n\r\n");
  EXPECT_EQ(forward_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", kPlainBack,
                             {Method::kHead, false}),
            "HTTP/1.1 200 OK\r\n\r\n");
}

TEST(ForwardResponse, InterimAndSwitching) {
  ResponseForwarding how = kPlainBack;
  how.keep_alive = false;
  EXPECT_EQ(forward_response("HTTP/1.1 100 Continue\r\n\r\n", how),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(forward_response("HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
                             how, {Method::kGet, true}),
            "HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(forward_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", how),
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n");
}

TEST(HeadWriter, WritesAnAnswerOfItsOwn) {
  std::array<char, 128> buffer;
  HeadWriter out(buffer.data(), buffer.size());
  out.status_line(503).field("Retry-After", 2).field("Content-Type", "text/plain").end_of_head();
  EXPECT_TRUE(out.ok());
  EXPECT_EQ(
      out.view(),
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Type: text/plain\r\n\r\n");
}

TEST(HeadWriter, LeavesOutWhatDoesNotFitAndSaysSo) {
  std::array<char, 4> buffer;
  HeadWriter out(buffer.data(), buffer.size());
  out.append("abc").append("de");
  EXPECT_FALSE(out.ok());
  EXPECT_EQ(out.view(), "abc");
  out.append("f");
  EXPECT_FALSE(out.ok());
  HeadWriter number(buffer.data(), 2);
  EXPECT_FALSE(number.append(uint64_t{123}).ok());
}

}  // namespace
}  // namespace weir::http
