// Client and server sessions joined by a wire in memory: messages, trailers, windows, ends.
#include "http/h2_session.h"

#include <gtest/gtest.h>

#include "unit/http/h2_testing.h"

namespace weir::http {
namespace {

class H2Pair : public testing::Test {
 protected:
  H2Limits limits;
  ServerRecorder server_host;
  ClientRecorder client_host;
  std::unique_ptr<H2ServerSession> server;
  std::unique_ptr<H2ClientSession> client;

  void SetUp() override { connect(); }

  void connect() {
    server = std::make_unique<H2ServerSession>(limits, server_host, at_ms(0));
    client = std::make_unique<H2ClientSession>(limits, client_host, at_ms(0));
    pump();
  }

  // Carries bytes both ways until nothing moves.
  void pump(size_t buffer = 16 * 1024) {
    for (int round = 0; round < 1000; ++round) {
      const std::string up = drain(*client, buffer);
      const std::string down = drain(*server, buffer);
      if (up.empty() && down.empty()) return;
      ASSERT_EQ(server->receive(up, at_ms(1)), H2Status::kOk);
      ASSERT_EQ(client->receive(down, at_ms(1)), H2Status::kOk);
    }
    FAIL() << "the sessions never come to rest";
  }

  int32_t ask(const std::string& method, bool has_body) {
    H2FieldList fields;
    fields.add(":method", method);
    fields.add(":scheme", "http");
    fields.add(":authority", "shop:80");
    fields.add(":path", "/x?y");
    fields.add("X-Mine", "1");
    return client->request(fields, parse_method(method), has_body);
  }

  void answer(int32_t stream, int status, bool has_body) {
    H2FieldList fields;
    fields.add_status(status);
    fields.add("Server", "s");
    server->respond(stream, fields, has_body);
  }
};

TEST_F(H2Pair, ARequestAndItsAnswer) {
  const int32_t id = ask("GET", false);
  ASSERT_EQ(id, 1);
  pump();
  EXPECT_EQ(server_host.log, "1 request GET /x?y shop:80\n1 end\n");
  EXPECT_EQ(server_host.last->body.kind, BodyKind::kNone);
  EXPECT_EQ(server_host.last->headers.value("x-mine"), "1");
  server_host.outgoing[1].body = "hello";
  answer(1, 200, true);
  pump();
  EXPECT_EQ(client_host.log, "1 response 200 OK\n1 end\n1 closed 0\n");
  EXPECT_EQ(client_host.last_fields, "server=s;");
  EXPECT_EQ(client_host.received[1], "hello");
  EXPECT_EQ(server->streams_open(), 0u);
  EXPECT_EQ(client->streams_open(), 0u);
}

TEST_F(H2Pair, AHeadForwardedToHttp1) {
  ask("POST", true);
  client_host.outgoing[1] = {"abc", true, ""};
  pump();
  std::array<char, 1024> buffer;
  HeadWriter out(buffer.data(), buffer.size());
  ASSERT_TRUE(write_forwarded_request(*server_host.last, {.scheme = "", .via = ""}, out));
  EXPECT_EQ(
      out.view(),
      "POST /x?y HTTP/1.1\r\nHost: shop:80\r\nx-mine: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(server_host.received[1], "abc");
}

TEST_F(H2Pair, TrailersBothWays) {
  ask("POST", true);
  client_host.outgoing[1] = {"ping", true, "7"};
  pump();
  EXPECT_EQ(server_host.log, "1 request POST /x?y shop:80\n1 trailers grpc-status=7\n1 end\n");
  server_host.outgoing[1] = {"pong", true, "0"};
  answer(1, 200, true);
  pump();
  EXPECT_EQ(client_host.log, "1 response 200 OK\n1 trailers grpc-status=0\n1 end\n1 closed 0\n");
}

TEST_F(H2Pair, InterimAnswersComeFirst) {
  ask("GET", false);
  pump();
  H2FieldList hints;
  hints.add_status(103);
  hints.add("Link", "</a>");
  server->respond_interim(1, hints);
  answer(1, 204, false);
  pump();
  EXPECT_EQ(client_host.log,
            "1 response 103 Early Hints\n1 response 204 No Content\n1 end\n1 closed 0\n");
}

TEST_F(H2Pair, ABodyWaitsForTheHostAndGoesOn) {
  ask("GET", false);
  pump();
  server_host.outgoing[1] = {"first", false, ""};
  answer(1, 200, true);
  pump();
  EXPECT_EQ(client_host.received[1], "first");
  server_host.outgoing[1] = {" second", true, ""};
  pump();
  EXPECT_EQ(client_host.received[1], "first") << "deferred until resume()";
  server->resume(1);
  pump();
  EXPECT_EQ(client_host.received[1], "first second");
}

TEST_F(H2Pair, TheWindowOpensOnlyAsTheHostDrains) {
  ask("POST", true);
  client_host.outgoing[1] = {std::string(300'000, 'x'), true, ""};
  pump();
  EXPECT_EQ(server_host.received[1].size(), limits.stream_window);
  EXPECT_EQ(server->undrained_bytes(), limits.stream_window);
  server->consume(1, 40'000);
  pump();
  EXPECT_EQ(server_host.received[1].size(), limits.stream_window + 40'000);
  while (server->undrained_bytes() > 0) {
    server->consume(1, 10'000);
    pump();
  }
  EXPECT_EQ(server_host.received[1].size(), 300'000u);
}

TEST_F(H2Pair, AStreamThatIsNotDrainedDoesNotStallItsNeighbours) {
  for (int i = 0; i < 20; ++i) {
    const int32_t stalled = ask("POST", true);
    client_host.outgoing[stalled] = {std::string(100'000, 's'), true, ""};
  }
  pump();
  EXPECT_GE(server->undrained_bytes(), limits.undrained_bytes_max);
  EXPECT_LE(server->undrained_bytes(), limits.undrained_bytes_max + limits.connection_window);
  const int32_t lively = ask("POST", true);
  client_host.outgoing[lively] = {std::string(200'000, 'l'), true, ""};
  for (int i = 0; i < 50; ++i) {
    pump();
    server->consume(lively, 100'000);
  }
  EXPECT_EQ(server_host.received[lively].size(), 200'000u);
}

TEST_F(H2Pair, UndrainedBytesAreBoundedAndComeBackWhenStreamsClose) {
  limits.undrained_bytes_max = 100'000;
  limits.connection_window = 100'000;
  connect();
  for (int i = 0; i < 20; ++i) {
    const int32_t id = ask("POST", true);
    client_host.outgoing[id] = {std::string(60'000, 'x'), true, ""};
  }
  pump();
  EXPECT_LE(server->undrained_bytes(), 200'000u);
  for (int i = 0; i < 20; ++i) server->reset(1 + 2 * i, H2Code::kCancel);
  pump();
  EXPECT_EQ(server->undrained_bytes(), 0u);
  const int32_t next = ask("POST", true);
  client_host.outgoing[next] = {std::string(200'000, 'n'), true, ""};
  for (int i = 0; i < 50; ++i) {
    pump();
    server->consume(next, 100'000);
  }
  EXPECT_EQ(server_host.received[next].size(), 200'000u) << "the connection window was lost";
}

TEST_F(H2Pair, SmallSendBuffersGiveTheSameBytes) {
  ask("GET", false);
  pump(H2Session::kSendBytesMin);
  server_host.outgoing[1].body = std::string(50'000, 'b');
  answer(1, 200, true);
  pump(H2Session::kSendBytesMin);
  EXPECT_EQ(client_host.received[1], std::string(50'000, 'b'));
  EXPECT_EQ(client_host.log, "1 response 200 OK\n1 end\n1 closed 0\n");
}

// A stream whose own window is open waits for the connection's alone (nghttp2 keeps it queued then,
// and does not defer it as it does when the stream's is shut).
TEST_F(H2Pair, AStreamThatWaitsForTheConnectionsWindowGoesOn) {
  limits.stream_window = 1 << 20;
  limits.connection_window = 65'535;
  limits.undrained_bytes_max = 0;
  connect();
  const int32_t id = ask("GET", false);
  pump();
  server_host.outgoing[id] = {std::string(200'000, 'x'), true, ""};
  answer(id, 200, true);
  pump();
  ASSERT_EQ(client_host.received[id].size(), 65'535U);
  size_t drained = 0;
  for (int turns = 0; turns < 20 && client_host.received[id].size() < 200'000; ++turns) {
    client->consume(id, client_host.received[id].size() - drained);
    drained = client_host.received[id].size();
    pump();
  }
  EXPECT_EQ(client_host.received[id].size(), 200'000U);
}

TEST_F(H2Pair, ResetReachesTheOtherSide) {
  ask("GET", false);
  pump();
  server->reset(1, H2Code::kRefusedStream);
  pump();
  EXPECT_EQ(client_host.log, "1 closed 7\n");
  EXPECT_EQ(server_host.log, "1 request GET /x?y shop:80\n1 end\n1 closed 7\n");
}

TEST_F(H2Pair, ARequestCanBeCancelledBeforeItLeaves) {
  const int32_t id = ask("GET", false);
  client->reset(id, H2Code::kCancel);
  pump();
  EXPECT_EQ(client->streams_open(), 0u);
  EXPECT_EQ(server_host.log, "");
}

TEST_F(H2Pair, ARequestThatGoawayOvertookIsToldAsRefused) {
  const int32_t id = ask("GET", false);
  server->finish_drain();
  ASSERT_EQ(client->receive(drain(*server), at_ms(1)), H2Status::kOk);
  drain(*client);
  EXPECT_EQ(client_host.log, std::to_string(id) + " closed 7\n");
  EXPECT_EQ(client->streams_open(), 0u);
}

TEST_F(H2Pair, DrainFinishesWhatIsOpenAndTakesNoMore) {
  ask("GET", false);
  pump();
  server->begin_drain();
  pump();
  EXPECT_FALSE(client->can_request());
  server->finish_drain();
  pump();
  EXPECT_FALSE(server->finished());
  answer(1, 204, false);
  pump();
  EXPECT_TRUE(server->finished());
  EXPECT_EQ(ask("GET", false), -1);
}

TEST_F(H2Pair, NoMoreStreamsThanTheServerAllows) {
  limits.streams_max = 3;
  connect();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(client->can_request());
    ask("GET", false);
  }
  EXPECT_FALSE(client->can_request());
  pump();
  answer(1, 204, false);
  pump();
  EXPECT_TRUE(client->can_request());
}

TEST_F(H2Pair, HeadAnswersKeepTheirLengthApart) {
  ask("HEAD", false);
  pump();
  H2FieldList fields;
  fields.add_status(200);
  fields.add("content-length", 42);
  server->respond(1, fields, false);
  pump();
  EXPECT_EQ(client_host.log, "1 response 200 OK\n1 end\n1 closed 0\n");
  EXPECT_EQ(client_host.last_fields, "content-length=42;");
}

}  // namespace
}  // namespace weir::http
