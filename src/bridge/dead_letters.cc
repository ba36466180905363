#include "bridge/dead_letters.h"

#include <map>

#include "bridge/kafka_message.h"
#include "bridge/kafka_writer.h"
#include "bridge/record_headers.h"

namespace weir::bridge {
namespace {

constexpr Duration kAnswerMax = std::chrono::seconds(10);
constexpr int kAnswerMaxMs = 10'000;

Unexpected<Error> unavailable(const std::string& what, rd_kafka_resp_err_t code) {
  return Unexpected<Error>(
      Error{ErrorKind::kUnavailable, what + ": " + rd_kafka_err2str(code), "try again"});
}

// A consumer that is nobody's member: it reads what it is told to.
class Reader {
 public:
  explicit Reader(const BridgeOptions& options)
      : options_(options), topic_(options.dead_letter_topic()) {}

  Expected<bool> open(DeadLettersFrom from) {
    ConfBuilder conf(options_.consume.brokers, options_.consume.client);
    conf.set("group.id", options_.consume.group + ".dlq")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true");
    auto handle = std::move(conf).make(RD_KAFKA_CONSUMER);
    if (!handle) return Unexpected<Error>(handle.error());
    handle_ = std::move(*handle);
    const auto partitions = partition_count(handle_.get(), topic_, kAnswerMax);
    if (!partitions) return Unexpected<Error>(partitions.error());
    list_.reset(rd_kafka_topic_partition_list_new(*partitions));
    for (int i = 0; i < *partitions; ++i)
      rd_kafka_topic_partition_list_add(list_.get(), topic_.c_str(), i);
    const auto code = rd_kafka_committed(handle_.get(), list_.get(), kAnswerMaxMs);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable("cannot read positions", code);
    for (int i = 0; i < list_->cnt; ++i) {
      rd_kafka_topic_partition_t& entry = list_->elems[i];
      if (entry.offset < 0 || from == DeadLettersFrom::kBeginning)
        entry.offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_assign(handle_.get(), list_.get());
    return true;
  }

  Expected<size_t> read(const std::function<Expected<bool>(const Record&, int32_t)>& take) {
    size_t count = 0;
    for (int open = list_->cnt; open > 0;) {
      const KafkaMessage message(rd_kafka_consumer_poll(handle_.get(), kAnswerMaxMs));
      if (!message) return unavailable("the brokers fell silent", RD_KAFKA_RESP_ERR__TIMED_OUT);
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        --open;
        continue;
      }
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return unavailable("cannot read " + topic_, message->err);
      const std::unique_ptr<Record> record = copy_record(*message);
      list_->elems[message->partition].offset = message->offset + 1;
      if (take_bookkeeping(*record, options_.consume.group) != Bookkeeping::kOurs) continue;
      if (const auto taken = take(*record, message->partition); !taken)
        return Unexpected<Error>(taken.error());
      ++count;
    }
    return count;
  }

  // Remembers how far was read.
  Expected<bool> commit() {
    for (int i = list_->cnt - 1; i >= 0; --i)
      if (list_->elems[i].offset < 0) rd_kafka_topic_partition_list_del_by_idx(list_.get(), i);
    if (list_->cnt == 0) return true;
    const auto code = rd_kafka_commit(handle_.get(), list_.get(), 0);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable("cannot commit", code);
    return true;
  }

 private:
  const BridgeOptions& options_;
  const std::string topic_;
  KafkaHandle handle_;
  PartitionList list_;
};

// Counts what did not become durable.
class Failures final : public WriteSink {
 public:
  void written(const WriteReport& report) override {
    if (!report.error.empty()) first_ = report.error;
  }
  const std::string& first() const noexcept { return first_; }

 private:
  std::string first_;
};

Unexpected<Error> not_written(const std::string& why) {
  return Unexpected<Error>(Error{ErrorKind::kUnavailable, "cannot write a record back: " + why,
                                 "nothing is marked as replayed; replay again"});
}

}  // namespace

Expected<size_t> read_dead_letters(const BridgeOptions& options, DeadLettersFrom from,
                                   const std::function<void(const Record&, int32_t)>& take) {
  Reader reader(options);
  if (const auto opened = reader.open(from); !opened) return Unexpected<Error>(opened.error());
  return reader.read([&](const Record& record, int32_t partition) -> Expected<bool> {
    take(record, partition);
    return true;
  });
}

Expected<size_t> replay_dead_letters(const BridgeOptions& options) {
  Reader reader(options);
  if (const auto opened = reader.open(DeadLettersFrom::kUnplayed); !opened)
    return Unexpected<Error>(opened.error());
  net::EventLoop loop;
  Failures failures;
  KafkaWriter::Options writing;
  writing.brokers = options.consume.brokers;
  writing.client = options.consume.client;
  auto writer = KafkaWriter::make(loop, writing, failures);
  if (!writer) return Unexpected<Error>(writer.error());
  const auto count = reader.read([&](const Record& record, int32_t) -> Expected<bool> {
    Write write;
    write.topic = &record.origin.topic;
    write.partition = record.origin.partition;
    write.record = &record;
    for (;;) {
      const WriteStart start = (*writer)->write(write, nullptr);
      if (start == WriteStart::kStarted) return true;
      if (start != WriteStart::kQueueFull) return not_written("the client refuses it");
      loop.run_once(kAnswerMax);
    }
  });
  while ((*writer)->pending() > 0) loop.run_once(kAnswerMax);
  (*writer)->detach();
  loop.run_once(Duration::zero());
  if (!count) return count;
  if (!failures.first().empty()) return not_written(failures.first());
  if (const auto committed = reader.commit(); !committed)
    return Unexpected<Error>(committed.error());
  return count;
}

}  // namespace weir::bridge
