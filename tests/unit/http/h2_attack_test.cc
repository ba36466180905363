// What hostile clients send to a server's session: messages that would read differently over
// HTTP/1, and floods.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "unit/http/h2_testing.h"

namespace weir::http {
namespace {

using namespace std::string_literals;
using frame_type::kContinuation;
using frame_type::kData;
using frame_type::kGoaway;
using frame_type::kHeaders;
using frame_type::kPing;
using frame_type::kPriority;
using frame_type::kReset;
using frame_type::kSettings;
using frame_type::kWindowUpdate;

struct Server {
  ServerRecorder host;
  H2ServerSession session{H2Limits{}, host, at_ms(0)};

  Server() { session.receive(preface(), at_ms(0)); }
};

struct Downgrade {
  const char* name;
  std::string frames;
};

void PrintTo(const Downgrade& row, std::ostream* out) {
  *out << row.name;
}

std::string headers(const std::string& fields, uint8_t flags = kEndHeaders | kEndStream) {
  return frame(kHeaders, flags, 1, fields);
}

std::string request_line(const std::string& method, const std::string& path) {
  return headers(literal(":method", method) + literal(":scheme", "http") + literal(":path", path) +
                 literal(":authority", "a"));
}

std::string with_field(const std::string& name, const std::string& value) {
  return headers(get_fields() + literal(name, value));
}

std::string with_length(const std::string& length, const std::string& data) {
  return headers(get_fields() + literal("content-length", length), kEndHeaders) +
         frame(kData, kEndStream, 1, data);
}

const std::vector<Downgrade>& downgrades() {
  static const std::vector<Downgrade> rows = {
      {"connection", with_field("connection", "close")},
      {"keep_alive", with_field("keep-alive", "timeout=1")},
      {"proxy_connection", with_field("proxy-connection", "close")},
      {"transfer_encoding", with_field("transfer-encoding", "chunked")},
      {"upgrade", with_field("upgrade", "h2c")},
      {"te_other_than_trailers", with_field("te", "gzip")},
      {"cr_in_value", with_field("x", "1\r2")},
      {"lf_in_value", with_field("x", "1\nTransfer-Encoding: chunked")},
      {"crlf_in_value", with_field("x", "1\r\n\r\nGET / HTTP/1.1")},
      {"nul_in_value", with_field("x", "1\0"s + "2")},
      {"control_in_value", with_field("x", "1\x01"s + "2")},
      {"crlf_in_cookie", with_field("cookie", "a\r\nb: c")},
      {"colon_in_name", with_field("x: 1", "2")},
      {"crlf_in_name", with_field("x\r\ny", "2")},
      {"blank_in_name", with_field("x y", "2")},
      {"upper_case_name", with_field("X", "2")},
      {"empty_name", with_field("", "2")},
      {"pseudo_twice", headers(get_fields() + literal(":path", "/b"))},
      {"pseudo_after_field", headers(literal("x", "1") + get_fields())},
      {"pseudo_unknown", headers(get_fields() + literal(":x", "1"))},
      {"pseudo_of_responses", headers(get_fields() + literal(":status", "200"))},
      {"no_path", headers(literal(":method", "GET") + literal(":scheme", "http") +
                          literal(":authority", "a"))},
      {"no_method",
       headers(literal(":scheme", "http") + literal(":path", "/") + literal(":authority", "a"))},
      {"no_authority",
       headers(literal(":method", "GET") + literal(":scheme", "http") + literal(":path", "/"))},
      {"userinfo", headers(get_fields("u@a"))},
      {"two_authorities", headers(get_fields("a,b"))},
      {"authority_with_path", headers(get_fields("a/b"))},
      {"host_differs", with_field("host", "b")},
      {"two_hosts", headers(get_fields() + literal("host", "a") + literal("host", "a"))},
      {"path_with_blank", request_line("GET", "/ HTTP/1.1\r\nx: y")},
      {"path_with_space", request_line("GET", "/a b")},
      {"path_with_fragment", request_line("GET", "/a#b")},
      {"path_relative", request_line("GET", "a")},
      {"path_empty", request_line("GET", "")},
      {"path_not_ascii", request_line("GET", "/\xc3\xa9")},
      {"path_absolute", request_line("GET", "http://b/")},
      {"method_with_blank", request_line("GET / HTTP/1.1\r\nx:", "/")},
      {"method_too_long", request_line(std::string(40, 'M'), "/")},
      {"method_empty", request_line("", "/")},
      {"scheme_other", headers(literal(":method", "GET") + literal(":scheme", "ftp") +
                               literal(":path", "/") + literal(":authority", "a"))},
      {"length_below_data", with_length("1", "ab")},
      {"length_above_data", with_length("3", "ab")},
      {"length_without_data", with_field("content-length", "3")},
      {"length_signed", with_length("+2", "ab")},
      {"length_list", with_length("2, 2", "ab")},
      {"length_twice",
       headers(get_fields() + literal("content-length", "2") + literal("content-length", "2"),
               kEndHeaders) +
           frame(kData, kEndStream, 1, "ab")},
      {"pseudo_in_trailers",
       headers(get_fields(), kEndHeaders) +
           frame(kHeaders, kEndHeaders | kEndStream, 1, literal(":path", "/"))},
      {"crlf_in_trailers",
       headers(get_fields(), kEndHeaders) +
           frame(kHeaders, kEndHeaders | kEndStream, 1, literal("x", "1\r\n2"))},
  };
  return rows;
}

class H2Downgrade : public testing::TestWithParam<Downgrade> {};

TEST_P(H2Downgrade, ResetsTheStreamAndKeepsTheConnection) {
  Server server;
  ASSERT_EQ(server.session.receive(GetParam().frames, at_ms(1)), H2Status::kOk);
  const std::string answer = drain(server.session);
  EXPECT_EQ(code_of(answer, kReset), 1);
  EXPECT_EQ(code_of(answer, kGoaway), -1);
  EXPECT_EQ(server.host.log.find("1 end"), std::string::npos) << "taken for complete";
  ASSERT_EQ(
      server.session.receive(frame(kHeaders, kEndHeaders | kEndStream, 3, get_fields()), at_ms(2)),
      H2Status::kOk);
  EXPECT_NE(server.host.log.find("3 request GET / a"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(PerRow, H2Downgrade, testing::ValuesIn(downgrades()),
                         [](const auto& row) { return row.param.name; });

TEST(H2Request, AFieldThatIsRefusedIsCountedAndNamed) {
  Server server;
  server.session.receive(with_field("x", "1\r2"), at_ms(1));
  EXPECT_EQ(to_string(server.session.last_fault()), "bad_field");
}

// Without nghttp2 in front: the builder is the last gate before the bytes become HTTP/1.
TEST(H2RequestBuilder, TrustsNobody) {
  for (const std::string& value : {"1\r"s, "1\n"s, "1\0"s, "\x7f"s}) {
    H2RequestBuilder builder;
    builder.begin();
    EXPECT_EQ(builder.add("x", value, H2HeadLimits{}), H2Fault::kBadField);
    EXPECT_EQ(builder.add("cookie", value, H2HeadLimits{}), H2Fault::kBadField);
  }
  H2RequestBuilder builder;
  builder.begin();
  EXPECT_EQ(builder.add("x:", "1", H2HeadLimits{}), H2Fault::kBadField);
  EXPECT_EQ(builder.add(":path", "/", H2HeadLimits{}), H2Fault::kBadField) << "after a field";
}

struct Answered : Server {
  Answered() {
    session.receive(frame(kHeaders, kEndHeaders | kEndStream, 5, get_fields()), at_ms(1));
    H2FieldList fields;
    fields.add_status(204);
    session.respond(5, fields, false);
    drain(session);
  }
};

TEST(H2ClosedStream, AFurtherFrameEndsTheConnection) {
  for (uint8_t type : {kHeaders, kData}) {
    Answered server;
    EXPECT_EQ(server.session.receive(frame(type, kEndHeaders, 5, get_fields()), at_ms(2)),
              H2Status::kBroken);
    EXPECT_EQ(code_of(drain(server.session), kGoaway), 5) << "STREAM_CLOSED";
  }
}

TEST(H2ClosedStream, ASkippedNumberCannotBeOpened) {
  Answered server;
  EXPECT_EQ(server.session.receive(frame(kHeaders, kEndHeaders, 3, get_fields()), at_ms(2)),
            H2Status::kBroken);
  EXPECT_EQ(code_of(drain(server.session), kGoaway), 1) << "PROTOCOL_ERROR";
}

TEST(H2ClosedStream, FramesOnTheirWayAfterOurResetAreDropped) {
  Server server;
  server.session.receive(frame(kHeaders, kEndHeaders, 1, get_fields()), at_ms(1));
  server.session.reset(1, H2Code::kCancel);
  drain(server.session);
  EXPECT_EQ(server.session.receive(frame(kData, 0, 1, "late") + frame(kData, kEndStream, 1, "late"),
                                   at_ms(2)),
            H2Status::kOk);
  server.session.receive(frame(kHeaders, kEndHeaders | kEndStream, 3, get_fields()), at_ms(2));
  EXPECT_NE(server.host.log.find("3 request"), std::string::npos);
  EXPECT_EQ(server.host.received[1], "");
}

TEST(H2Request, CookiesBecomeOneLine) {
  Server server;
  server.session.receive(
      headers(get_fields() + literal("cookie", "a=b") + literal("x", "1") +
              literal("cookie", "c=d") + literal("te", "trailers") + literal("host", "A")),
      at_ms(1));
  ASSERT_NE(server.host.last, nullptr);
  const HeaderBlock& fields = server.host.last->headers;
  EXPECT_EQ(fields.value(HeaderName::kCookie), "a=b; c=d");
  EXPECT_FALSE(fields.repeated(HeaderName::kCookie));
  H2FieldList list;
  ASSERT_TRUE(list_forwarded_request(*server.host.last, {.via = ""}, list));
  std::string text;
  for (size_t i = 0; i < list.size(); ++i)
    text.append(list[i].name).append("=").append(list[i].value).append(";");
  EXPECT_EQ(text,
            ":method=GET;:scheme=http;:authority=a;:path=/;x=1;cookie=a=b; c=d;te=trailers;"
            "x-forwarded-proto=http;");
}

TEST(H2Request, HostAloneIsTheAuthority) {
  Server server;
  server.session.receive(headers(literal(":method", "GET") + literal(":scheme", "http") +
                                 literal(":path", "/") + literal("host", "b:1")),
                         at_ms(1));
  EXPECT_EQ(server.host.log, "1 request GET / b:1\n1 end\n");
}

struct Flood {
  const char* name;
  H2Flood kind;
  std::function<std::string(int32_t)> frames;  ///< of the i-th round
};

void PrintTo(const Flood& row, std::ostream* out) {
  *out << row.name;
}

std::string open_and(int32_t i, const std::string& more) {
  return frame(kHeaders, kEndHeaders, 2 * i + 1, get_fields()) + more;
}

const std::vector<Flood>& floods() {
  static const std::vector<Flood> rows = {
      {"rapid_reset", H2Flood::kRapidReset,
       [](int32_t i) { return open_and(i, frame(kReset, 0, 2 * i + 1, "\0\0\0\x8"s)); }},
      {"made_you_reset_by_window", H2Flood::kForcedReset,
       [](int32_t i) {
         return open_and(i, frame(kWindowUpdate, 0, 2 * i + 1, "\x7f\xff\xff\xff"s));
       }},
      {"made_you_reset_by_fields", H2Flood::kForcedReset,
       [](int32_t i) {
         return frame(kHeaders, kEndHeaders | kEndStream, 2 * i + 1, get_fields("u@a"));
       }},
      {"refused_streams", H2Flood::kRefused,
       [](int32_t i) { return frame(kHeaders, kEndHeaders, 2 * i + 1, get_fields()); }},
      {"ping", H2Flood::kPing, [](int32_t) { return frame(kPing, 0, 0, "12345678"); }},
      {"settings", H2Flood::kSettings, [](int32_t) { return frame(kSettings, 0, 0, ""); }},
      {"priority", H2Flood::kPriority,
       [](int32_t i) { return frame(kPriority, 0, 2 * i + 1, "\0\0\0\0\x10"s); }},
      {"window_update", H2Flood::kWindowUpdate,
       [](int32_t) { return frame(kWindowUpdate, 0, 0, "\0\0\0\x1"s); }},
      {"empty_data", H2Flood::kEmptyData,
       [](int32_t i) { return i == 0 ? open_and(0, "") : frame(kData, 0, 1, ""); }},
      {"padded_empty_data", H2Flood::kEmptyData,
       [](int32_t i) { return i == 0 ? open_and(0, "") : frame(kData, 8, 1, "\x3\0\0\0"s); }},
      {"resets_of_gone_streams", H2Flood::kOtherFrame,
       [](int32_t i) {
         const std::string reset = frame(kReset, 0, 1, "\0\0\0\x8"s);
         return i == 0 ? open_and(0, reset) : reset;
       }},
      {"unknown_frames", H2Flood::kOtherFrame, [](int32_t) { return frame(0x7f, 0, 0, "x"); }},
  };
  return rows;
}

class H2FloodTest : public testing::TestWithParam<Flood> {};

TEST_P(H2FloodTest, EndsWithinAThousandFrames) {
  constexpr int kRoundsMax = 1000;
  Server server;
  int round = 0;
  std::string answer;
  while (round < kRoundsMax) {
    const Instant now = at_ms(1 + round / 100);  // 100,000 rounds a second
    if (server.session.receive(GetParam().frames(round), now) != H2Status::kOk) break;
    answer += drain(server.session);
    ++round;
  }
  EXPECT_LT(round, kRoundsMax);
  EXPECT_EQ(to_string(server.session.flood()), to_string(GetParam().kind));
  answer = drain(server.session);
  EXPECT_EQ(code_of(answer, kGoaway), 11);
  EXPECT_TRUE(server.session.finished());
  EXPECT_EQ(server.session.receive(preface(), at_ms(100)), H2Status::kFlood);
}

INSTANTIATE_TEST_SUITE_P(PerKind, H2FloodTest, testing::ValuesIn(floods()),
                         [](const auto& row) { return row.param.name; });

// nghttp2 1.52 took each read of a CONTINUATION header for a frame and gave up after eight.
TEST(H2Request, AHeadInContinuationsMayTrickleIn) {
  Server server;
  const std::string fields = get_fields();
  const std::string bytes = frame(kHeaders, kEndStream, 1, fields.substr(0, 10)) +
                            frame(kContinuation, 0, 1, fields.substr(10, 10)) +
                            frame(kContinuation, kEndHeaders, 1, fields.substr(20));
  for (char c : bytes) ASSERT_EQ(server.session.receive({&c, 1}, at_ms(1)), H2Status::kOk);
  EXPECT_EQ(server.host.log, "1 request GET / a\n1 end\n");
}

TEST(H2Floods, EmptyContinuationsEndTheConnection) {
  Server server;
  server.session.receive(frame(kHeaders, 0, 1, get_fields()), at_ms(1));
  int frames = 0;
  while (frames < 1000 && !server.session.finished()) {
    server.session.receive(frame(kContinuation, 0, 1, ""), at_ms(1));
    drain(server.session);
    ++frames;
  }
  EXPECT_LE(frames, 16);
}

// 16 KiB on the wire that stand for 60 MiB of fields.
TEST(H2Floods, AnHpackBombIsResetAndTheConnectionGoesOn) {
  const std::string value(4000, 'v');
  const std::string big = "\x40\x01x\x7f"s + static_cast<char>((4000 - 127) % 128 + 128) +
                          static_cast<char>((4000 - 127) / 128) + value;
  Server server;
  const std::string bomb = get_fields() + big + std::string(10'000, '\xbe');
  ASSERT_EQ(server.session.receive(frame(kHeaders, kEndHeaders | kEndStream, 1, bomb), at_ms(1)),
            H2Status::kOk);
  EXPECT_EQ(code_of(drain(server.session), kReset), 11);
  EXPECT_EQ(server.host.log, "");
  server.session.receive(frame(kHeaders, kEndHeaders | kEndStream, 3, get_fields()), at_ms(2));
  EXPECT_EQ(server.host.log, "3 request GET / a\n3 end\n");
}

TEST(H2Floods, CallsThatAreGivenUpAreNoFlood) {
  Server server;
  for (int32_t i = 0; i < 5000; ++i) {
    const int32_t id = 2 * i + 1;
    server.session.receive(frame(kHeaders, kEndHeaders, id, get_fields()), at_ms(100 * i));
    ASSERT_EQ(server.session.receive(frame(kReset, 0, id, "\0\0\0\x8"s), at_ms(100 * i + 60)),
              H2Status::kOk)
        << i;
    drain(server.session);
  }
}

TEST(H2Floods, BodiesStoppedAfterAnEarlyRefusalAreNoFlood) {
  Server server;
  for (int32_t i = 0; i < 5000; ++i) {
    const int32_t id = 2 * i + 1;
    server.session.receive(frame(kHeaders, kEndHeaders, id, get_fields()), at_ms(1));
    H2FieldList fields;
    fields.add_status(503);
    server.session.respond(id, fields, false);
    drain(server.session);
    ASSERT_EQ(server.session.receive(frame(kReset, 0, id, "\0\0\0\0"s), at_ms(1)), H2Status::kOk)
        << i;
  }
}

TEST(H2Floods, ABusyHonestClientIsNoFlood) {
  Server server;
  for (int32_t i = 0; i < 5000; ++i) {
    const int32_t id = 2 * i + 1;
    const std::string bytes =
        frame(kHeaders, kEndHeaders, id, get_fields()) + frame(kData, kEndStream, id, "message") +
        frame(kPing, 0, 0, "12345678") + frame(kWindowUpdate, 0, 0, "\0\0\0\x1"s) +
        frame(kWindowUpdate, 0, id, "\0\0\0\x1"s);
    ASSERT_EQ(server.session.receive(bytes, at_ms(1 + i / 10)), H2Status::kOk) << i;
    H2FieldList fields;
    fields.add_status(200);
    server.host.outgoing[id].body = "answer";
    server.session.respond(id, fields, true);
    server.session.consume(id, 7);
    drain(server.session);
  }
}

TEST(H2Session, GarbageInsteadOfThePrefaceIsBroken) {
  ServerRecorder host;
  H2ServerSession session(H2Limits{}, host, at_ms(0));
  EXPECT_EQ(session.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n", at_ms(0)), H2Status::kBroken);
  EXPECT_GE(code_of(drain(session), kGoaway), 0);
  EXPECT_TRUE(session.finished());
}

TEST(H2FloodGuard, RefillsWithTimeAndEarnsByWork) {
  H2FloodLimits limits;
  limits.budgets[static_cast<size_t>(H2Flood::kPing)] = {2, 1, 1};
  H2FloodGuard guard(limits, at_ms(0));
  EXPECT_TRUE(guard.charge(H2Flood::kPing, at_ms(0)));
  EXPECT_TRUE(guard.charge(H2Flood::kPing, at_ms(0)));
  EXPECT_FALSE(guard.charge(H2Flood::kPing, at_ms(999)));
  EXPECT_TRUE(guard.charge(H2Flood::kPing, at_ms(1000)));
  guard.earn();
  EXPECT_TRUE(guard.charge(H2Flood::kPing, at_ms(1000)));
  EXPECT_FALSE(guard.charge(H2Flood::kPing, at_ms(1000)));
  for (int i = 0; i < 10; ++i) guard.earn();
  EXPECT_TRUE(guard.charge(H2Flood::kPing, at_ms(1000)));
  EXPECT_TRUE(guard.charge(H2Flood::kPing, at_ms(1000)));
  EXPECT_FALSE(guard.charge(H2Flood::kPing, at_ms(1000))) << "never above the burst";
}

}  // namespace
}  // namespace weir::http
