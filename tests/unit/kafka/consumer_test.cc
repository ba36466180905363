// Consumers on a mock cluster. Nothing waits for a time: each step waits for the one before it.
#include "weir/kafka/consumer.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "lab/mock_kafka.h"
#include "weir/streams/filter.h"
#include "weir/streams/for_each.h"

namespace weir::kafka {
namespace {

constexpr const char* kTopic = "t";

/// Asks as the test says, keeps what comes, and checks that it is no more than asked for.
class Probe final : public streams::Subscriber<Record> {
 public:
  void on_subscribe(std::shared_ptr<streams::Subscription> up) noexcept override {
    const std::lock_guard lock(mutex_);
    up_ = std::move(up);
    changed_.notify_all();
  }
  void on_next(Record record) noexcept override {
    const std::lock_guard lock(mutex_);
    EXPECT_LT(arrived_, requested_) << "more than was requested (rule 1.1)";
    EXPECT_LT(bytes_, bytes_max) << "beyond the bound in bytes";
    ++arrived_;
    bytes_ += item_bytes(record);
    held_.push_back(std::move(record));
    changed_.notify_all();
  }
  void on_error(streams::StreamError error) noexcept override {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
    ended_ = true;
    changed_.notify_all();
  }
  void on_complete() noexcept override {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  void request(uint64_t n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return up_ != nullptr; });
    requested_ += n;
    lock.unlock();
    up_->request(n);
  }
  /// The next record, when it has come.
  Record take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !held_.empty() || ended_; });
    if (held_.empty()) {
      ADD_FAILURE() << "the flow has ended";
      return {};
    }
    Record record = std::move(held_.front());
    held_.erase(held_.begin());
    return record;
  }
  void wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_; });
  }
  void done(Record& record) {
    {
      const std::lock_guard lock(mutex_);
      bytes_ -= item_bytes(record);
    }
    record.ack.done();
  }
  size_t arrived() {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }
  const streams::StreamError& error() const { return error_; }

  uint64_t bytes_max = UINT64_MAX;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<streams::Subscription> up_;
  std::vector<Record> held_;
  uint64_t requested_ = 0;
  uint64_t arrived_ = 0;
  uint64_t bytes_ = 0;
  streams::StreamError error_;
  bool ended_ = false;
};

class ConsumerTest : public testing::Test {
 protected:
  void SetUp() override {
    cluster_ = *lab::MockKafka::make();
    ASSERT_TRUE(cluster_->create_topic(kTopic, 1));
  }
  void fill(int count) {
    for (int i = 0; i < count; ++i)
      ASSERT_TRUE(cluster_->produce(kTopic, "key", "value " + std::to_string(i)));
    while (cluster_->durable() < static_cast<uint64_t>(count)) cluster_->poll();
  }
  std::unique_ptr<Consumer> consumer(ConsumeOptions options = {}) {
    options.brokers = cluster_->bootstrap();
    options.topics = {kTopic};
    options.group = "g";
    // The mock cluster forgets a member that left only when its session has ended.
    options.settings = {{"session.timeout.ms", "6000"}, {"heartbeat.interval.ms", "500"}};
    auto made = Consumer::make(options);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }

  std::unique_ptr<lab::MockKafka> cluster_;
};

TEST_F(ConsumerTest, EmitsWhatWasRequestedInOrderAndNoMore) {
  fill(300);
  auto probe = std::make_shared<Probe>();
  const auto subject = consumer();
  subject->records().subscribe(probe);
  int64_t next = 0;
  for (const uint64_t n : {1, 10, 256, 33}) {
    probe->request(n);
    for (uint64_t i = 0; i < n; ++i) {
      Record record = probe->take();
      EXPECT_EQ(record.offset, next++);
      EXPECT_EQ(record.value, "value " + std::to_string(record.offset));
      EXPECT_EQ(record.key, "key");
      probe->done(record);
    }
  }
  EXPECT_EQ(probe->arrived(), 300u);
}

TEST_F(ConsumerTest, HoldsNoMoreBytesInHandThanItsBoundWhateverWasRequested) {
  fill(100);
  auto probe = std::make_shared<Probe>();
  probe->bytes_max = 3000;  // five records, or a little more
  const auto subject = consumer({.bytes_max = 3000});
  subject->records().subscribe(probe);
  probe->request(100);
  for (int i = 0; i < 100; ++i) {
    Record record = probe->take();
    probe->done(record);  // makes room for another
  }
}

TEST_F(ConsumerTest, CommitsUpToTheFirstThatIsNotAcknowledged) {
  fill(10);
  {
    auto probe = std::make_shared<Probe>();
    auto subject = consumer({.drain_max = Duration::zero()});
    subject->records().subscribe(probe);
    probe->request(6);
    std::vector<Record> records;
    for (int i = 0; i < 6; ++i) records.push_back(probe->take());
    for (const size_t done : {5, 0, 2, 1, 4}) records[done].ack.done();
    subject.reset();  // commits, and leaves; record 3 is given up after it
    probe->wait_for_end();
    EXPECT_FALSE(probe->error());
  }
  auto probe = std::make_shared<Probe>();
  const auto subject = consumer();
  subject->records().subscribe(probe);
  probe->request(1);
  Record record = probe->take();
  EXPECT_EQ(record.offset, 3);
  record.ack.done();
}

TEST_F(ConsumerTest, ARecordThatIsDroppedEndsTheFlowAndIsNotCommitted) {
  fill(3);
  auto probe = std::make_shared<Probe>();
  const auto subject = consumer({.drain_max = Duration::zero()});
  subject->records().subscribe(probe);
  probe->request(3);
  { const Record forgotten = probe->take(); }
  probe->wait_for_end();
  const auto* error = probe->error().get_if<Error>();
  ASSERT_NE(error, nullptr);
  EXPECT_NE(error->message.find("dropped without an acknowledgement"), std::string::npos);
}

TEST_F(ConsumerTest, WhatAFilterDropsCountsWhenToldSo) {
  fill(100);
  auto probe = std::make_shared<Probe>();
  const auto subject = consumer({.dropped = Dropped::kCounts});
  (streams::Flow<Record>(subject->records() |
                         streams::filter([](const Record& record) { return record.offset == 99; })))
      .subscribe(probe);
  probe->request(1);
  Record record = probe->take();
  EXPECT_EQ(record.offset, 99);
  record.ack.done();
}

TEST_F(ConsumerTest, ASecondSubscriberIsTurnedAway) {
  const auto subject = consumer();
  auto first = std::make_shared<Probe>();
  auto second = std::make_shared<Probe>();
  subject->records().subscribe(first);
  subject->records().subscribe(second);
  second->wait_for_end();
  EXPECT_TRUE(second->error().is(streams::StreamFault::kTooManySubscribers));
}

TEST_F(ConsumerTest, ARequestForNothingIsAnError) {
  const auto subject = consumer();
  auto probe = std::make_shared<Probe>();
  subject->records().subscribe(probe);
  probe->request(0);
  probe->wait_for_end();
  EXPECT_TRUE(probe->error().is(streams::StreamFault::kIllegalRequest));
}

TEST(Consumer, ASettingThatIsRefusedIsToldAtOnce) {
  const auto made = Consumer::make(
      {.brokers = "127.0.0.1:1", .topics = {"t"}, .group = "g", .settings = {{"no.such", "1"}}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::kConfig);
  EXPECT_NE(made.error().message.find("no.such"), std::string::npos);
}

}  // namespace
}  // namespace weir::kafka
