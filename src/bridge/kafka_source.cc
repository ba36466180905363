#include "bridge/kafka_source.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "bridge/kafka_message.h"
#include "bridge/record_headers.h"

namespace weir::bridge {
namespace {

// Records taken from one stream before the next has its turn.
constexpr int kReadBatch = 64;
constexpr int kCommitLookupMs = 10'000;
// librdkafka's own bounds for these settings.
constexpr int64_t kQueueKbMin = 64;
constexpr int64_t kFetchBytesMin = 1 << 20;
constexpr int64_t kFetchBytesMax = 50 << 20;

Position position_of(const rd_kafka_topic_partition_t& entry) {
  if (entry.offset < 0) return {-1, {}};
  Position position{entry.offset, {}};
  if (entry.metadata != nullptr)
    position.metadata.assign(static_cast<const char*>(entry.metadata), entry.metadata_size);
  return position;
}

}  // namespace

Expected<std::unique_ptr<KafkaSource>> KafkaSource::make(net::EventLoop& loop,
                                                         const BridgeOptions& options,
                                                         int partitions, SourceSink& sink) {
  const ConsumeOptions& consume = options.consume;
  // A quarter of the memory for what librdkafka has fetched; its bound is for each partition.
  const auto queues = static_cast<int64_t>(consume.memory_max / 4);
  const int64_t queue_kb =
      std::max(queues / 1024 / (partitions * (options.tier_count() + 1)), kQueueKbMin);
  const int64_t fetch = std::clamp(queues, kFetchBytesMin, kFetchBytesMax);
  ConfBuilder conf(consume.brokers, consume.client);
  conf.set("group.id", consume.group)
      .set("partition.assignment.strategy", "cooperative-sticky")
      // Who was killed is missed after this; librdkafka's 45 s would leave its partitions alone for
      // as long. Heartbeats come from a thread of their own, so a busy loop is not taken for dead.
      .set("session.timeout.ms", "10000")
      // Members hear of a rebalance with their next heartbeat.
      .set("heartbeat.interval.ms", "1000")
      .set("enable.auto.commit", "false")
      .set("enable.auto.offset.store", "false")
      .set("enable.partition.eof", "true")
      .set("auto.offset.reset", consume.start == Start::kEarliest ? "earliest" : "latest")
      .set("queued.max.messages.kbytes", std::to_string(queue_kb))
      .set("fetch.message.max.bytes", std::to_string(std::min(queue_kb * 1024, fetch)))
      .set("fetch.max.bytes", std::to_string(fetch))
      .set("fetch.wait.max.ms", "100")
      .set("fetch.error.backoff.ms", "100")
      .set("statistics.interval.ms", "2000");
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT |
                                           RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
  std::unique_ptr<KafkaSource> source(new KafkaSource(loop, options, sink));
  source->join_watch_.attach(conf.get());
  auto handle = std::move(conf).make(RD_KAFKA_CONSUMER);
  if (!handle) return Unexpected<Error>(handle.error());
  source->handle_ = std::move(*handle);
  rd_kafka_poll_set_consumer(source->handle_.get());
  source->queue_.reset(rd_kafka_queue_get_consumer(source->handle_.get()));
  source->waker_.watch(source->queue_.get());
  source->rejoin();
  return source;
}

KafkaSource::KafkaSource(net::EventLoop& loop, const BridgeOptions& options, SourceSink& sink)
    : loop_(loop),
      options_(options),
      sink_(sink),
      waker_(loop, net::Callback::to<&KafkaSource::poll>(this)) {
  for (int tier = 0; tier <= options.tier_count(); ++tier)
    topics_.push_back(options.tier_topic(tier));
}

KafkaSource::~KafkaSource() {
  detach();
  if (lookup_.joinable()) lookup_.join();
  if (!was_assigned_ && aborts_when_never_assigned()) static_cast<void>(handle_.release());
}

void KafkaSource::detach() noexcept {
  for (const Stream& stream : streams_) QueueWaker::unwatch(stream.queue.get());
  if (queue_) QueueWaker::unwatch(queue_.get());
}

void KafkaSource::rejoin() {
  rd_kafka_unsubscribe(handle_.get());
  const PartitionList topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topics_[0].c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(handle_.get(), topics.get());
}

void KafkaSource::poll() {
  while (const KafkaEvent event{rd_kafka_queue_poll(queue_.get(), 0)}) handle(*event);
  pump();
}

void KafkaSource::handle(rd_kafka_event_t& event) {
  switch (rd_kafka_event_type(&event)) {
    case RD_KAFKA_EVENT_REBALANCE: return rebalance(event);
    case RD_KAFKA_EVENT_STATS: return statistics(rd_kafka_event_stats(&event));
    case RD_KAFKA_EVENT_ERROR: return trouble(event);
    case RD_KAFKA_EVENT_OFFSET_COMMIT: {
      committing_ = false;
      const auto code = rd_kafka_event_error(&event);
      const bool fenced = code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
                          code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
                          code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
      sink_.committed(code == RD_KAFKA_RESP_ERR_NO_ERROR ? "" : rd_kafka_err2str(code), fenced);
      return;
    }
    default: return;
  }
}

void KafkaSource::rebalance(rd_kafka_event_t& event) {
  const auto* list = rd_kafka_event_topic_partition_list(&event);
  std::vector<int32_t> partitions;
  for (int i = 0; i < list->cnt; ++i) partitions.push_back(list->elems[i].partition);
  if (rd_kafka_event_error(&event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    join_watch_.settled();
    was_assigned_ = true;
    look_up_commits(with_tiers(partitions));
    return;
  }
  ++lookup_id_;  // an assignment whose offsets are still being looked up is void
  leaving_ = partitions;
  const bool lost = rd_kafka_assignment_lost(handle_.get()) != 0;
  sink_.revoking(partitions, lost);
}

// Each stream of the partitions, tiers of a partition side by side.
PartitionList KafkaSource::with_tiers(const std::vector<int32_t>& partitions) const {
  PartitionList list(rd_kafka_topic_partition_list_new(8));
  for (const int32_t partition : partitions)
    for (const std::string& topic : topics_)
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  return list;
}

void KafkaSource::look_up_commits(PartitionList list) {
  if (lookup_.joinable()) lookup_.join();
  lookup_ = std::thread([this, id = ++lookup_id_, raw = list.release()] {
    const auto code = raw->cnt == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR
                                    : rd_kafka_committed(handle_.get(), raw, kCommitLookupMs);
    // shared_ptr, because std::function wants to be copyable.
    std::shared_ptr<rd_kafka_topic_partition_list_t> shared(raw,
                                                            rd_kafka_topic_partition_list_destroy);
    loop_.post([this, id, shared, code] {
      if (id != lookup_id_) return;
      PartitionList answer(rd_kafka_topic_partition_list_copy(shared.get()));
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR || closing_) return assign(std::move(answer));
      sink_.source_troubled(std::string("cannot read the group's offsets: ") +
                            rd_kafka_err2str(code));
      look_up_commits(std::move(answer));
    });
  });
}

void KafkaSource::assign(PartitionList list) {
  std::vector<Claim> claims;
  for (int i = 0; i < list->cnt; ++i) {
    rd_kafka_topic_partition_t& entry = list->elems[i];
    const int tier = tier_of(entry.topic);
    if (tier == 0) claims.push_back({entry.partition, {}});
    claims.back().positions.push_back(position_of(entry));
    // A retry topic is read from its beginning whatever `start` says: what is there waits for us.
    if (entry.offset < 0) entry.offset = tier > 0 ? RD_KAFKA_OFFSET_BEGINNING : entry.offset;
    KafkaQueue queue(rd_kafka_queue_get_partition(handle_.get(), entry.topic, entry.partition));
    rd_kafka_queue_forward(queue.get(), nullptr);
    waker_.watch(queue.get());
    streams_.push_back({entry.partition, tier, std::move(queue)});
  }
  sink_.claimed(claims);
  if (cooperative()) {
    KafkaError error(rd_kafka_incremental_assign(handle_.get(), list.get()));
    if (error) sink_.source_troubled(rd_kafka_error_string(error.get()));
  } else {
    rd_kafka_assign(handle_.get(), list.get());
  }
}

void KafkaSource::release() {
  for (const Stream& stream : streams_)
    if (std::find(leaving_.begin(), leaving_.end(), stream.partition) != leaving_.end())
      QueueWaker::unwatch(stream.queue.get());
  std::erase_if(streams_, [this](const Stream& stream) {
    return std::find(leaving_.begin(), leaving_.end(), stream.partition) != leaving_.end();
  });
  const PartitionList list = with_tiers(leaving_);
  leaving_.clear();
  if (cooperative()) {
    KafkaError error(rd_kafka_incremental_unassign(handle_.get(), list.get()));
    if (error) sink_.source_troubled(rd_kafka_error_string(error.get()));
  } else {
    rd_kafka_assign(handle_.get(), nullptr);
  }
}

bool KafkaSource::cooperative() const {
  const char* protocol = rd_kafka_rebalance_protocol(handle_.get());
  return protocol != nullptr && std::strcmp(protocol, "COOPERATIVE") == 0;
}

void KafkaSource::trouble(rd_kafka_event_t& event) {
  const auto code = rd_kafka_event_error(&event);
  const std::string text = rd_kafka_event_error_string(&event);
  switch (static_cast<int>(code)) {
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return sink_.source_failed({ErrorKind::kUnavailable, "Kafka: " + text, ""});
    default: return sink_.source_troubled(text);
  }
}

void KafkaSource::pump() {
  // Round after round, a batch of each stream, until nobody has or wants anything.
  for (bool any = true; any && !streams_.empty();) {
    any = false;
    for (size_t i = 0; i < streams_.size(); ++i)
      any |= read_some(streams_[(turn_ + i) % streams_.size()]);
    turn_ = (turn_ + 1) % streams_.size();
  }
}

bool KafkaSource::read_some(Stream& stream) {
  for (int i = 0; i < kReadBatch; ++i) {
    if (!sink_.wants(stream.partition, stream.tier)) return false;
    const KafkaMessage message(rd_kafka_consume_queue(stream.queue.get(), 0));
    if (!message) return false;
    read(stream, *message);
  }
  return true;
}

void KafkaSource::read(const Stream& stream, const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
    return sink_.reached_end(stream.partition, stream.tier);
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return sink_.source_troubled(rd_kafka_message_errstr(&message));
  std::unique_ptr<Record> record = copy_record(message);
  record->tier = stream.tier;
  record->origin = {topics_[static_cast<size_t>(stream.tier)], stream.partition, message.offset};
  if (stream.tier > 0 && take_bookkeeping(*record, options_.consume.group) == Bookkeeping::kForeign)
    return sink_.skipped(stream.partition, stream.tier, message.offset);
  sink_.arrived(stream.partition, std::move(record));
}

bool KafkaSource::commit(const std::vector<Commit>& commits) {
  if (!may_commit() || commits.empty()) return false;
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(commits.size())));
  for (const Commit& commit : commits) {
    auto* entry = rd_kafka_topic_partition_list_add(
        list.get(), topics_[static_cast<size_t>(commit.tier)].c_str(), commit.partition);
    entry->offset = commit.position.offset;
    if (commit.position.metadata.empty()) continue;
    entry->metadata = strndup(commit.position.metadata.data(), commit.position.metadata.size());
    entry->metadata_size = commit.position.metadata.size();
  }
  const auto code =
      rd_kafka_commit_queue(handle_.get(), list.get(), queue_.get(), nullptr, nullptr);
  committing_ = code == RD_KAFKA_RESP_ERR_NO_ERROR;
  return committing_;
}

void KafkaSource::close() {
  if (std::exchange(closing_, true)) return;
  KafkaError error(rd_kafka_consumer_close_queue(handle_.get(), queue_.get()));
  if (error) sink_.source_troubled(rd_kafka_error_string(error.get()));
}

bool KafkaSource::closed() const noexcept {
  return closing_ && rd_kafka_consumer_closed(handle_.get()) != 0;
}

void KafkaSource::seek(int32_t partition, int tier, int64_t offset) {
  const PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topics_[static_cast<size_t>(tier)].c_str(),
                                    partition)
      ->offset = offset;
  // Without waiting: the watchdog looks again anyway.
  KafkaError error(rd_kafka_seek_partitions(handle_.get(), list.get(), 0));
}

int64_t KafkaSource::end_offset(int32_t partition, int tier) const {
  int64_t low = 0;
  int64_t high = 0;
  const auto code = rd_kafka_get_watermark_offsets(
      handle_.get(), topics_[static_cast<size_t>(tier)].c_str(), partition, &low, &high);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR ? high : -1;
}

// Adds up what came in all partitions ("rxmsgs") and what was thrown away ("rx_ver_drops"). Two
// numbers are not worth a JSON parser; the total over all, which comes last, is one of the rxmsgs.
void KafkaSource::statistics(const char* json) {
  const std::string_view text(json);
  const auto number_after = [text](size_t at) {
    uint64_t number = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
      number = number * 10 + static_cast<uint64_t>(text[at] - '0');
    return number;
  };
  constexpr std::string_view kTotal = "\"rxmsgs\":";
  constexpr std::string_view kDropped = "\"rx_ver_drops\":";
  uint64_t sum = 0;
  if (const size_t at = text.rfind(kTotal); at != text.npos) sum = number_after(at + kTotal.size());
  for (size_t at = text.find(kDropped); at != text.npos; at = text.find(kDropped, at + 1))
    sum += number_after(at + kDropped.size());
  fetched_ = sum;
}

int KafkaSource::tier_of(const char* topic) const {
  const auto found = std::find(topics_.begin(), topics_.end(), topic);
  return static_cast<int>(found - topics_.begin());
}

}  // namespace weir::bridge
