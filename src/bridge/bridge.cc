#include "bridge/bridge.h"

#include <algorithm>
#include <random>

#include "bridge/record_headers.h"
#include "weir/base/assert.h"

namespace weir::bridge {
namespace {

constexpr Duration kStartMax = std::chrono::seconds(10);
// A commit waits while the group gathers, which others' drains may hold up.
constexpr Duration kCommitMax = std::chrono::seconds(15);
constexpr Duration kSecond = std::chrono::seconds(1);
// The law's windows are 10 ms and more.
constexpr Duration kControlMin = std::chrono::milliseconds(10);
// A write that could not begin or failed: the brokers are away, or the writer's queue is full.
constexpr Duration kWriteAgain = std::chrono::milliseconds(500);
// The topic refuses the record's size: only an operator can help, by raising max.message.bytes.
constexpr Duration kTooLargeAgain = std::chrono::seconds(30);

PipelineOptions pipeline_options(const BridgeOptions& options) {
  PipelineOptions pipeline;
  pipeline.ordering = options.consume.ordering;
  pipeline.retry = options.deliver.retry;
  // A quarter is librdkafka's (see KafkaSource::make), an eighth is for retries.
  pipeline.bytes_max = options.consume.memory_max / 8 * 5;
  pipeline.retry_bytes_max = options.consume.memory_max / 8;
  return pipeline;
}

Unexpected<Error> too_few(const std::string& topic, int found, int wanted) {
  return Unexpected<Error>(Error{ErrorKind::kConfig,
                                 "topic '" + topic + "' has " + std::to_string(found) +
                                     " partitions and needs " + std::to_string(wanted) +
                                     ", as many as the topic it is for",
                                 "add partitions to it"});
}

}  // namespace

Expected<std::unique_ptr<Bridge>> Bridge::make(net::EventLoop& loop, BridgeOptions options,
                                               observe::Log& log) {
  std::random_device entropy;
  const uint64_t seed = uint64_t{entropy()} << 32 | entropy();
  std::unique_ptr<Bridge> bridge(new Bridge(loop, std::move(options), log, Rng(seed)));
  auto pace = Pace::make(bridge->options_.deliver, seed, loop.update_now());
  if (!pace) return Unexpected<Error>(pace.error());
  bridge->pace_ = std::move(*pace);
  if (const auto opened = bridge->open(); !opened) return Unexpected<Error>(opened.error());
  return bridge;
}

Bridge::Bridge(net::EventLoop& loop, BridgeOptions options, observe::Log& log, Rng rng)
    : loop_(loop),
      options_(std::move(options)),
      log_(log),
      dead_letter_(options_.dead_letter_topic()),
      pipeline_(pipeline_options(options_), rng),
      revocation_(options_.consume.drain_max, kCommitMax),
      work_task_(net::Callback::to<&Bridge::work>(this)),
      work_timer_(loop.timers(), net::Callback::to<&Bridge::work>(this)),
      commit_timer_(loop.timers(), net::Callback::to<&Bridge::commit>(this)),
      control_timer_(loop.timers(), net::Callback::to<&Bridge::on_control>(this)),
      revoke_timer_(loop.timers(), net::Callback::to<&Bridge::advance_revocation>(this)),
      second_timer_(loop.timers(), net::Callback::to<&Bridge::on_second>(this)),
      close_timer_(loop.timers(), net::Callback::to<&Bridge::check_closed>(this)) {
  for (int tier = 0; tier <= options_.tier_count(); ++tier)
    tier_topics_.push_back(options_.tier_topic(tier));
}

Bridge::~Bridge() {
  // Tasks must outlive their last run: no new ones, and a turn for those that are queued.
  if (source_) source_->detach();
  if (writer_) writer_->detach();
  if (source_) loop_.run_once(Duration::zero());
  loop_.run_once(Duration::zero());
}

Expected<bool> Bridge::open() {
  KafkaWriter::Options writing;
  writing.brokers = options_.consume.brokers;
  writing.client = options_.consume.client;
  writing.bytes_max = options_.consume.memory_max / 8;
  auto writer = KafkaWriter::make(loop_, writing, *this);
  if (!writer) return Unexpected<Error>(writer.error());
  writer_ = std::move(*writer);
  const auto partitions = partition_count(writer_->handle(), options_.consume.topic, kStartMax);
  if (!partitions) return Unexpected<Error>(partitions.error());
  std::vector<std::string> topics(tier_topics_.begin() + 1, tier_topics_.end());
  topics.push_back(dead_letter_);
  for (const std::string& topic : topics) {
    const auto created = ensure_topic(writer_->handle(), topic, *partitions, kStartMax);
    if (!created) return Unexpected<Error>(created.error());
    if (*created) {
      log_.write(observe::LogLevel::kInfo, "topic_created", "made a topic", {{"topic", topic}});
      continue;
    }
    const auto found = partition_count(writer_->handle(), topic, kStartMax);
    if (!found) return Unexpected<Error>(found.error());
    // Partition p of a retry topic belongs to partition p of the topic.
    if (topic != dead_letter_ && *found < *partitions) return too_few(topic, *found, *partitions);
  }
  auto sender = Sender::make(loop_, options_.deliver, *this);
  if (!sender) return Unexpected<Error>(sender.error());
  sender_ = std::move(*sender);
  auto source = KafkaSource::make(loop_, options_, *partitions, *this);
  if (!source) return Unexpected<Error>(source.error());
  source_ = std::move(*source);
  const Instant start = loop_.update_now();
  commit_timer_.arm(start + options_.consume.commit_interval);
  control_timer_.arm(start + kControlMin);
  second_timer_.arm(start + kSecond);
  return true;
}

// The way of a record.

bool Bridge::wants(int32_t partition, int tier) {
  const auto found = partitions_.find(partition);
  return found != partitions_.end() && pipeline_.wants(found->second.group, tier);
}

void Bridge::arrived(int32_t partition, std::unique_ptr<Record> record) {
  ++counts_.taken;
  record->group = partitions_.at(partition).group;
  pipeline_.arrive(std::move(record), now());
  loop_.post(work_task_);
}

void Bridge::skipped(int32_t partition, int tier, int64_t offset) {
  ++counts_.taken;
  pipeline_.skip(partitions_.at(partition).group, tier, offset);
}

void Bridge::reached_end(int32_t partition, int tier) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return;
  pipeline_.reached_end(found->second.group, tier);
  loop_.post(work_task_);
}

void Bridge::work() {
  loop_.update_now();
  const Instant again = send_ready();
  source_->pump();
  work_timer_.arm(std::min(again, pipeline_.next_wakeup()));
}

// Sends what may go; returns when trying again can help.
Instant Bridge::send_ready() {
  for (;;) {
    switch (pipeline_.door(now())) {
      case Door::kNobody: return kInstantMax;
      case Door::kFollow: {
        Record& record = pipeline_.take(now());
        record.not_before_ms = 0;
        ++counts_.followed;
        move(record, record.tier + 1);
        break;
      }
      case Door::kDeliver: {
        auto flight = pace_->ask(loop_.now());
        if (!flight) return flight.error();
        Record& record = pipeline_.take(now());
        flights_.emplace(&record, std::move(*flight));
        sender_->send(record);
        break;
      }
    }
  }
}

void Bridge::answered(Record& record, const Delivery& delivery) {
  loop_.update_now();
  const auto flight = flights_.find(&record);
  WEIR_ASSERT(flight != flights_.end());
  const bool service_failing = pace_->service_failing();
  pace_->ended(std::move(flight->second), delivery, loop_.now());
  flights_.erase(flight);
  switch (delivery.answer) {
    case Answer::kDelivered: ++counts_.delivered; break;
    case Answer::kOverloaded: ++counts_.overloaded; break;
    case Answer::kUnreachable: ++counts_.unreachable; break;
    case Answer::kFailed: ++counts_.failed; break;
    case Answer::kTimedOut: ++counts_.timed_out; break;
    case Answer::kRejected: ++counts_.rejected; break;
  }
  const Decision decision = pipeline_.delivered(record, delivery, service_failing, now());
  switch (decision.step) {
    case Step::kDone:
    case Step::kAgain: break;
    case Step::kRetryTopic:
      ++counts_.retried;
      move(record, decision.tier);
      break;
    case Step::kDeadLetter:
      ++counts_.dead;
      log_.write(observe::LogLevel::kWarning, "dead_letter", delivery.error,
                 {{"topic", record.origin.topic},
                  {"partition", int64_t{record.origin.partition}},
                  {"offset", record.origin.offset},
                  {"attempts", int64_t{record.attempts}}});
      move(record, 0);
      break;
  }
  if (!revocation_.idle()) advance_revocation();
  loop_.post(work_task_);
}

void Bridge::move(Record& record, int tier) {
  const auto headers = bookkeeping_headers(record, options_.consume.group);
  Write write;
  write.topic = tier == 0 ? &dead_letter_ : &tier_topics_[static_cast<size_t>(tier)];
  // The same partition of the retry topic, so that its owner is ours.
  if (tier > 0) write.partition = record.origin.partition;
  write.record = &record;
  write.more_headers = &headers;
  const WriteStart start = writer_->write(write, &record);
  if (start == WriteStart::kStarted) {
    moves_.emplace(&record, tier);
    return;
  }
  ++counts_.write_errors;
  log_.write(observe::LogLevel::kError, "write_failed",
             start == WriteStart::kTooLarge ? "the record is too large for the topic"
                                            : "the writer takes nothing now",
             {{"topic", *write.topic}, {"offset", record.origin.offset}});
  pipeline_.put_back(record, start == WriteStart::kTooLarge ? kTooLargeAgain : kWriteAgain, now());
}

void Bridge::written(const WriteReport& report) {
  loop_.update_now();
  auto* record = static_cast<Record*>(report.tag);
  const auto found = moves_.find(record);
  WEIR_ASSERT(found != moves_.end());
  const int tier = found->second;
  moves_.erase(found);
  if (report.error.empty()) {
    pipeline_.moved(*record, tier, report.offset);
  } else {
    ++counts_.write_errors;
    log_.write(observe::LogLevel::kError, "write_failed", report.error,
               {{"topic", tier == 0 ? dead_letter_ : tier_topics_[static_cast<size_t>(tier)]},
                {"offset", record->origin.offset}});
    pipeline_.put_back(*record, report.too_large ? kTooLargeAgain : kWriteAgain, now());
  }
  if (!revocation_.idle()) advance_revocation();
  loop_.post(work_task_);
}

Now Bridge::now() const {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {loop_.now(), std::chrono::duration_cast<std::chrono::milliseconds>(wall).count()};
}

}  // namespace weir::bridge
