// Producers on a mock cluster. Nothing waits for a time: each step waits for the one before it.
#include "weir/kafka/producer.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "lab/mock_kafka.h"
#include "weir/kafka/consumer.h"
#include "weir/streams/for_each.h"
#include "weir/streams/map.h"
#include "weir/streams/source.h"
#include "weir/streams/take.h"

namespace weir::kafka {
namespace {

using streams::StreamError;
using Ended = std::promise<std::optional<StreamError>>;

auto telling(Ended& ended) {
  return [&ended](const std::optional<StreamError>& error) { ended.set_value(error); };
}

Message message(int i) {
  Message made;
  made.topic = "t";
  made.partition = 0;
  made.key = "key";
  made.has_key = true;
  made.value = std::string(500, static_cast<char>('a' + i % 26));
  made.headers = {{"number", std::to_string(i)}};
  return made;
}

TEST(Producer, WritesAFlowWithinItsBoundAndTellsTheEnd) {
  const auto cluster = *lab::MockKafka::make();
  ASSERT_TRUE(cluster->create_topic("t", 1));
  const auto producer = *Producer::make({.brokers = cluster->bootstrap(), .bytes_max = 8 * 1024});
  Ended ended;
  streams::range(0, 1000) | streams::map(message) | producer->sink(telling(ended));
  EXPECT_EQ(ended.get_future().get(), std::nullopt);

  // What was written is there, whole and in order.
  const auto consumer =
      *Consumer::make({.brokers = cluster->bootstrap(), .topics = {"t"}, .group = "g"});
  std::promise<void> read;
  int next = 0;
  consumer->records() | streams::take(1000) |
      streams::for_each(
          [&next](Record record) noexcept {
            const Message wanted = message(next);
            EXPECT_EQ(record.offset, next++);
            EXPECT_EQ(record.value, wanted.value);
            EXPECT_EQ(record.headers, wanted.headers);
            record.ack.done();
          },
          [&read](const auto&) noexcept { read.set_value(); });
  read.get_future().wait();
  EXPECT_EQ(next, 1000);
}

/// Hands out messages as they are requested, and counts those.
class Counted final : public streams::Subscription {
 public:
  void request(uint64_t n) noexcept override { requested += n; }
  void cancel() noexcept override { cancelled = true; }
  std::atomic<uint64_t> requested{0};
  std::atomic<bool> cancelled{false};
};

class Upstream {
 public:
  using Item = Message;
  void subscribe(std::shared_ptr<streams::Subscriber<Message>> down) const {
    down->on_subscribe(subscription);
    subscriber = std::move(down);
  }
  std::shared_ptr<Counted> subscription = std::make_shared<Counted>();
  mutable std::shared_ptr<streams::Subscriber<Message>> subscriber;
};

TEST(Producer, AsksForNothingWhileItsBytesAreUsedUp) {
  const auto producer = *Producer::make(
      {.brokers = "127.0.0.1:1", .bytes_max = 3000, .timeout = std::chrono::milliseconds(50)});
  Upstream upstream;
  producer->sink()(upstream);
  uint64_t sent = 0;
  while (upstream.subscription->requested > sent) {
    upstream.subscriber->on_next(message(static_cast<int>(sent++)));
    ASSERT_LE(sent, 3u) << "about 1 KB each";
  }
  EXPECT_EQ(sent, 3u);
  upstream.subscriber->on_complete();
}

TEST(Producer, AMessageThatCannotBecomeDurableIsTheFlowsError) {
  const auto producer =
      *Producer::make({.brokers = "127.0.0.1:1", .timeout = std::chrono::milliseconds(50)});
  Ended ended;
  streams::range(0, 1'000'000'000) | streams::map(message) | producer->sink(telling(ended));
  const auto error = ended.get_future().get();
  ASSERT_TRUE(error);
  ASSERT_NE(error->get_if<Error>(), nullptr);
  EXPECT_NE(error->get_if<Error>()->message.find("topic 't'"), std::string::npos);
}

TEST(Producer, AcknowledgesWhatItsMessageWasMadeOf) {
  struct Home final : detail::AckHome {
    void done() noexcept override { told.set_value(true); }
    void dropped() noexcept override { told.set_value(false); }
    std::promise<bool> told;
  };
  const auto cluster = *lab::MockKafka::make();
  ASSERT_TRUE(cluster->create_topic("t", 1));
  const auto producer = *Producer::make({.brokers = cluster->bootstrap()});
  const auto home = std::make_shared<Home>();
  Upstream upstream;
  producer->sink()(upstream);
  Message first = message(0);
  first.ack = Ack(home);
  upstream.subscriber->on_next(std::move(first));
  EXPECT_TRUE(home->told.get_future().get());
  upstream.subscriber->on_complete();
}

}  // namespace
}  // namespace weir::kafka
