#include "admin/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace weir::admin {
namespace {

struct FakeState final : observe::StateProvider {
  std::vector<observe::ComponentState> components() const override { return {}; }
  bool draining() const noexcept override { return false; }
  bool dry_run() const noexcept override { return false; }
};

struct ServerTest : testing::Test {
  observe::Registry registry{1};
  FakeState state;
  observe::EventRing events;
  Routes routes{Sources{registry, state, events, "1"}};
};

net::Fd connect_to(const net::Address& address) {
  net::Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(socket.get(), address.data(), address.size()), 0);
  return socket;
}

// Sends one request that asks for the end of the connection, and reads until then.
std::string fetch(const net::Fd& socket) {
  const std::string_view request = "GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  std::string answer;
  char bytes[4096];
  for (ssize_t size; (size = ::recv(socket.get(), bytes, sizeof bytes, 0)) > 0;)
    answer.append(bytes, static_cast<size_t>(size));
  return answer;
}

TEST_F(ServerTest, ServesUntilItIsDestroyed) {
  auto server = Server::open(*net::Address::parse("127.0.0.1:0"), routes);
  ASSERT_TRUE(server) << server.error().message;
  const net::Address address = (*server)->address();
  EXPECT_NE(address.port(), 0);
  EXPECT_TRUE(fetch(connect_to(address)).ends_with("ready\n"));
  server->reset();
  const net::Fd late(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(::connect(late.get(), address.data(), address.size()), 0);
}

TEST_F(ServerTest, AnAddressInUseIsAnError) {
  auto first = Server::open(*net::Address::parse("127.0.0.1:0"), routes);
  ASSERT_TRUE(first);
  const auto second = Server::open((*first)->address(), routes);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kUnavailable);
}

TEST_F(ServerTest, FurtherClientsAreClosedWhenAllPlacesAreTaken) {
  auto server = Server::open(*net::Address::parse("127.0.0.1:0"), routes);
  ASSERT_TRUE(server);
  std::vector<net::Fd> idle;
  for (size_t i = 0; i < Server::kConnectionMax; ++i)
    idle.push_back(connect_to((*server)->address()));
  EXPECT_EQ(fetch(connect_to((*server)->address())), "");
  EXPECT_TRUE(fetch(idle.front()).ends_with("ready\n"));
  EXPECT_TRUE(fetch(connect_to((*server)->address())).ends_with("ready\n"));
}

}  // namespace
}  // namespace weir::admin
