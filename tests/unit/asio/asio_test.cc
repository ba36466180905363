// Asio as scheduler, source and sink. One thread runs the context; nothing waits for real time.
#include <gtest/gtest.h>

#include <asio.hpp>
#include <string>
#include <vector>

#include "weir/asio/channel.h"
#include "weir/asio/io_scheduler.h"
#include "weir/asio/read_from.h"
#include "weir/asio/write_to.h"
#include "weir/streams/for_each.h"
#include "weir/streams/map.h"
#include "weir/streams/publish_on.h"
#include "weir/streams/source.h"
#include "weir/streams/subscribe_on.h"

namespace weir::asio {
namespace {

using Socket = ::asio::local::stream_protocol::socket;
using Ints = std::vector<int>;

struct Pair {
  explicit Pair(::asio::io_context& context)
      : left(std::make_shared<Socket>(context)), right(std::make_shared<Socket>(context)) {
    ::asio::local::connect_pair(*left, *right);
  }
  std::shared_ptr<Socket> left;
  std::shared_ptr<Socket> right;
};

TEST(IoScheduler, RunsStreamsOnItsContext) {
  ::asio::io_context context;
  IoScheduler scheduler(context);
  Ints items;
  bool ended = false;
  streams::range(0, 1000) | streams::subscribe_on(scheduler) |
      streams::publish_on(scheduler, {.items = 8}) |
      streams::for_each([&](int x) { items.push_back(x); }, [&](const auto&) { ended = true; });
  EXPECT_TRUE(items.empty());
  context.run();
  EXPECT_EQ(items.size(), 1000u);
  EXPECT_TRUE(ended);
}

TEST(ReadWrite, CarryAFlowOverASocketWithoutLoss) {
  ::asio::io_context context;
  Pair pair(context);
  std::string sent, received;
  bool complete = false;
  streams::range(0, 2000) | streams::map([&sent](int x) {
    std::string chunk(1000, static_cast<char>('a' + x % 26));
    sent += chunk;
    return chunk;
  }) | write_to(pair.left, [&pair](const auto&) { pair.left->shutdown(Socket::shutdown_send); });
  read_from(pair.right, 4096) |
      streams::for_each([&](const std::string& chunk) { received += chunk; },
                        [&](const auto& error) { complete = !error; }, 1);
  context.run();
  EXPECT_EQ(received.size(), 2'000'000u);
  EXPECT_EQ(received, sent);
  EXPECT_TRUE(complete);
}

TEST(ReadWrite, ASlowReaderStopsTheWriter) {
  ::asio::io_context context;
  Pair pair(context);
  int made = 0;
  streams::range(0, 100'000) | streams::map([&made](int) {
    ++made;
    return std::string(10'000, 'x');
  }) | write_to(pair.left, [](const auto&) {});
  context.run_for(std::chrono::milliseconds(0));
  context.poll();
  EXPECT_GT(made, 0);
  EXPECT_LT(made, 1000);  // the kernel's buffer, not the flow, holds what was sent
  pair.right->close();
  context.run();
}

TEST(ReadFrom, AnErrorIsAnErrorCode) {
  ::asio::io_context context;
  Pair pair(context);
  pair.right->close();
  pair.left->close();
  std::optional<streams::StreamError> end;
  read_from(pair.left) | streams::for_each([](const auto&) {}, [&](const auto& e) { end = e; });
  context.run();
  ASSERT_TRUE(end);
  EXPECT_NE(end->get_if<std::error_code>(), nullptr);
}

TEST(Channels, AreBothEndsOfAFlow) {
  ::asio::io_context context;
  auto channel = std::make_shared<Channel<int>>(context, 4);
  Ints items;
  bool complete = false;
  streams::range(0, 1000) | into_channel<int>(channel);
  from_channel<int>(channel) | streams::for_each([&](int x) { items.push_back(x); },
                                            [&](const auto& error) { complete = !error; }, 3);
  context.run();
  EXPECT_EQ(items.size(), 1000u);
  EXPECT_EQ(items.back(), 999);
  EXPECT_TRUE(complete);
}

}  // namespace
}  // namespace weir::asio
