#include "admin/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>

namespace weir::admin {
namespace {

struct ManualClock final : net::Clock {
  Instant now() const noexcept override { return time; }
  Instant time{std::chrono::seconds(1)};
};

struct FakeState final : observe::StateProvider {
  std::vector<observe::ComponentState> components() const override { return list; }
  bool draining() const noexcept override { return false; }
  bool dry_run() const noexcept override { return false; }
  std::vector<observe::ComponentState> list;
};

// One connection over a socket pair, its loop turned by hand.
class ConnectionTest : public testing::Test, protected ConnectionOwner {
 protected:
  ConnectionTest() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    client = net::Fd(fds[0]);
    ConnectionOwner& owner = *this;
    connection.emplace(loop, slabs, net::Fd(fds[1]), routes, owner);
  }

  void on_closed(Connection&) override { connection.reset(); }

  void turn() { loop.run_once(Duration::zero()); }

  std::string exchange(std::string_view request) {
    EXPECT_EQ(::send(client.get(), request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
    turn();
    return received();
  }

  std::string received() {
    std::string text;
    char bytes[16384];
    for (ssize_t size; (size = ::recv(client.get(), bytes, sizeof bytes, 0)) > 0;)
      text.append(bytes, static_cast<size_t>(size));
    return text;
  }

  ManualClock clock;
  net::EventLoop loop{clock};
  net::SlabPool slabs;
  observe::Registry registry{1};
  FakeState state;
  observe::EventRing events;
  Routes routes{Sources{registry, state, events, "1"}};
  net::Fd client;
  std::optional<Connection> connection;
};

TEST_F(ConnectionTest, AnswersAndKeepsTheConnection) {
  const std::string expected =
      "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 6\r\n"
      "cache-control: no-store\r\nx-content-type-options: nosniff\r\n";
  for (int i = 0; i < 2; ++i) {
    const std::string answer = exchange("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(answer.starts_with(expected)) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nready\n")) << answer;
    EXPECT_NE(answer.find("content-security-policy: default-src 'none'"), std::string::npos);
  }
  EXPECT_TRUE(connection);
}

TEST_F(ConnectionTest, HeadHasTheLengthAndNoBody) {
  const std::string answer = exchange("HEAD /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(answer.find("content-length: 6\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(ConnectionTest, TakesARequestInPieces) {
  EXPECT_EQ(exchange("GET /rea"), "");
  EXPECT_EQ(exchange("dyz HTTP/1.1\r\nHo"), "");
  EXPECT_TRUE(exchange("st: a\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(ConnectionTest, AnswersPipelinedRequestsInOrder) {
  const std::string answers =
      exchange("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 200 "));
  EXPECT_NE(answers.find("HTTP/1.1 404 "), std::string::npos);
}

TEST_F(ConnectionTest, ClosesWhenAsked) {
  const std::string answer =
      exchange("GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos);
  EXPECT_FALSE(connection);
}

TEST_F(ConnectionTest, ARequestWithABodyIsAnsweredAndThenTheConnectionEnds) {
  const std::string answer =
      exchange("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\nGET /");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 "));
  EXPECT_NE(answer.find("allow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_FALSE(connection);
}

TEST_F(ConnectionTest, MalformedRequestsAreRefused) {
  EXPECT_TRUE(exchange("GET /readyz HTTP/1.1\r\nHost : a\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_FALSE(connection);
}

TEST_F(ConnectionTest, AnEndlessHeadIsRefused) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nx: " + std::string(10'000, 'x');
  EXPECT_TRUE(exchange(head).starts_with("HTTP/1.1 431 "));
  EXPECT_FALSE(connection);
}

TEST_F(ConnectionTest, AClientThatGoesAwayIsForgotten) {
  client.reset();
  turn();
  EXPECT_FALSE(connection);
}

TEST_F(ConnectionTest, ASlowClientLosesItsPlace) {
  exchange("GET /readyz HT");
  clock.time += Connection::kExchangeMax - std::chrono::milliseconds(1);
  turn();
  EXPECT_TRUE(connection);
  clock.time += std::chrono::seconds(1);
  turn();
  EXPECT_FALSE(connection);
}

TEST_F(ConnectionTest, AnAnswerLargerThanTheSocketsBufferArrivesWhole) {
  state.list.resize(20'000, {.kind = "limiter", .why = std::string(100, 'w')});
  std::string all = exchange("GET /api/state HTTP/1.1\r\nHost: [::1]:9901\r\n\r\n");
  for (int i = 0; i < 100 && !all.ends_with("\"events\":[]}\n"); ++i) {
    turn();
    all += received();
  }
  EXPECT_TRUE(all.ends_with("\"events\":[]}\n"));
  EXPECT_GT(all.size(), 3'000'000u);
}

}  // namespace
}  // namespace weir::admin
