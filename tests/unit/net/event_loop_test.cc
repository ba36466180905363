#include "net/event_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include "net/listener.h"
#include "net/signals.h"
#include "net/socket.h"

namespace weir::net {
namespace {

using namespace std::chrono_literals;

// Time stands still unless the test moves it, so timers need no sleeping.
struct ManualClock final : Clock {
  Instant now() const noexcept override { return time; }
  Instant time{1s};
};

struct Recorder final : IoHandler {
  void on_io(uint32_t events) override {
    seen |= events;
    ++calls;
    if (on_event) on_event();
  }
  uint32_t seen = 0;
  int calls = 0;
  std::function<void()> on_event;
};

struct Pair {
  Pair() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    a = Fd(fds[0]);
    b = Fd(fds[1]);
  }
  Fd a, b;
};

TEST(EventLoop, TimersRunOnTheLoopsClock) {
  ManualClock clock;
  EventLoop loop(clock);
  Recorder unused;
  int fired = 0;
  struct Counter {
    int& count;
    void fire() { ++count; }
  } counter{fired};
  Timer timer(loop.timers(), Callback::to<&Counter::fire>(&counter));
  timer.arm(clock.time + 10s);
  loop.run_once(Duration::zero());
  EXPECT_EQ(fired, 0);
  clock.time += 11s;
  loop.run_once(Duration::zero());
  EXPECT_EQ(fired, 1);
}

TEST(EventLoop, EdgeTriggeredReadableOnceForEachArrival) {
  EventLoop loop;
  Pair pair;
  Recorder reader;
  loop.add(pair.a.get(), reader);
  loop.run_once(Duration::zero());
  EXPECT_TRUE(reader.seen & EPOLLOUT);
  EXPECT_FALSE(reader.seen & EPOLLIN);
  ASSERT_EQ(write_some(pair.b.get(), std::string_view("x")).bytes, 1U);
  loop.run_once(Duration::zero());
  EXPECT_TRUE(reader.seen & EPOLLIN);
  const int calls = reader.calls;
  loop.run_once(Duration::zero());
  EXPECT_EQ(reader.calls, calls);
  char room[16];
  EXPECT_EQ(read_some(pair.a.get(), room).bytes, 1U);
  EXPECT_EQ(read_some(pair.a.get(), room).status, IoStatus::kWouldBlock);
  pair.b.reset();
  loop.run_once(Duration::zero());
  EXPECT_TRUE(reader.seen & EPOLLRDHUP);
  EXPECT_EQ(read_some(pair.a.get(), room).status, IoStatus::kEnd);
  loop.remove(pair.a.get(), reader);
}

TEST(EventLoop, ARemovedHandlerGetsNoEventOfTheSameBatch) {
  EventLoop loop;
  Pair first, second;
  Recorder one, two;
  one.on_event = [&] { loop.remove(second.a.get(), two); };
  two.on_event = [&] { loop.remove(first.a.get(), one); };
  loop.add(first.a.get(), one);
  loop.add(second.a.get(), two);
  loop.run_once(Duration::zero());
  EXPECT_EQ(one.calls + two.calls, 1);
}

TEST(EventLoop, TasksComeFromOtherThreadsAndCoalesce) {
  EventLoop loop;
  std::vector<int> order;
  struct Counter {
    int count = 0;
    void run() { ++count; }
  } counter;
  Task task(Callback::to<&Counter::run>(&counter));
  std::thread poster([&] {
    for (int i = 0; i < 3; ++i) loop.post([&order, i] { order.push_back(i); });
    loop.post(task);
    loop.post(task);
    loop.post([&loop] { loop.stop(); });
  });
  poster.join();
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(counter.count, 1);
  loop.post(task);
  loop.run_once(Duration::zero());
  EXPECT_EQ(counter.count, 2);
}

TEST(EventLoop, ManyThreadsPostAndNothingIsLost) {
  EventLoop loop;
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::atomic<int> left{kThreads * kEach};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        loop.post([&] {
          if (left.fetch_sub(1) == 1) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(left.load(), 0);
}

TEST(EventLoop, FunctionsThatNeverRanAreDestroyed) {
  auto alive = std::make_shared<int>(1);
  {
    EventLoop loop;
    loop.post([alive] {});
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

struct Acceptor final : AcceptHandler {
  void on_accept(Fd connection, const Address& from) override {
    connections.push_back(std::move(connection));
    peer = from;
  }
  std::vector<Fd> connections;
  Address peer;
};

TEST(Listener, AcceptsAndConnects) {
  EventLoop loop;
  auto sockets = open_listeners(*Address::parse("127.0.0.1:0"), 1);
  ASSERT_TRUE(sockets);
  Acceptor acceptor;
  Listener listener(loop, std::move(sockets->front()), acceptor);
  EXPECT_NE(listener.address().port(), 0);
  auto client = open_connection(listener.address());
  ASSERT_TRUE(client);
  while (acceptor.connections.empty()) loop.run_once(1s);
  EXPECT_EQ(connect_error(client->get()), 0);
  EXPECT_EQ(acceptor.peer, bound_address(client->get()));
  const Address address = listener.address();
  listener.stop();
  EXPECT_TRUE(listener.stopped());
  auto refused = open_connection(address);
  EXPECT_TRUE(!refused || connect_error(refused->get()) == ECONNREFUSED);
}

TEST(Listener, PortInUseIsAnErrorEvenAmongReusePortSockets) {
  const auto held = open_listeners(*Address::parse("127.0.0.1:0"), 2);
  ASSERT_TRUE(held);
  const Address address = bound_address(held->front().get());
  EXPECT_EQ(bound_address(held->back().get()), address);
  const auto again = open_listeners(address, 1);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kUnavailable);
  EXPECT_NE(again.error().message.find(address.to_string()), std::string::npos);
  EXPECT_FALSE(again.error().remedy.empty());
}

TEST(Listener, UnixPathsAreTakenOverWhenStaleAndNotOtherwise) {
  const std::string path = testing::TempDir() + "weir-listener-test.sock";
  ::unlink(path.c_str());
  const Address address = *Address::parse("unix:" + path);
  {
    const auto first = open_listeners(address, 1);
    ASSERT_TRUE(first);
    EXPECT_FALSE(open_listeners(address, 1));
  }
  EXPECT_TRUE(open_listeners(address, 1));
  ::unlink(path.c_str());
}

TEST(SignalWatcher, DeliversSignalsAsEvents) {
  EventLoop loop;
  int got = 0;
  SignalWatcher watcher(loop, {SIGUSR1}, [&](int signal) { got = signal; });
  ::kill(::getpid(), SIGUSR1);
  loop.run_once(1s);
  EXPECT_EQ(got, SIGUSR1);
}

}  // namespace
}  // namespace weir::net
