// kafka_copy BROKERS FROM TO [COUNT]: reads a topic by request(n), makes each record upper case,
// writes it to another topic, and lets the offset be committed when the new record is durable.
// Killed at any moment and started again, it loses nothing. Ends after COUNT records, if given.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>
#include <string>

#include "weir/kafka/consumer.h"
#include "weir/kafka/producer.h"
#include "weir/streams/map.h"
#include "weir/streams/take.h"

namespace kafka = weir::kafka;
namespace streams = weir::streams;

namespace {

kafka::Message upper_case(kafka::Record record, const std::string& topic) {
  kafka::Message message;
  message.topic = topic;
  message.key = std::move(record.key);
  message.has_key = record.has_key;
  message.value = std::move(record.value);
  std::transform(message.value.begin(), message.value.end(), message.value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  message.headers = std::move(record.headers);
  message.ack = std::move(record.ack);  // done when the message is durable
  return message;
}

int fail(const weir::Error& error) {
  std::fprintf(stderr, "kafka_copy: %s\n  %s\n", error.message.c_str(), error.remedy.c_str());
  return weir::exit_code(error.kind);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fputs("usage: kafka_copy BROKERS FROM TO [COUNT]\n", stderr), 64;
  const std::string to = argv[3];
  const uint64_t count = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : streams::kUnbounded;

  kafka::ConsumeOptions consume;
  consume.brokers = argv[1];
  consume.topics = {argv[2]};
  consume.group = "kafka-copy";
  consume.bytes_max = 1 << 20;  // of records that are not durable in the other topic
  const auto consumer = kafka::Consumer::make(consume);
  if (!consumer) return fail(consumer.error());
  kafka::ProduceOptions produce;
  produce.brokers = argv[1];
  const auto producer = kafka::Producer::make(produce);
  if (!producer) return fail(producer.error());

  std::promise<std::optional<streams::StreamError>> ended;
  (*consumer)->records() |
      streams::map([&to](kafka::Record record) { return upper_case(std::move(record), to); }) |
      streams::take(count) |
      (*producer)->sink([&ended](const auto& error) { ended.set_value(error); });
  const auto error = ended.get_future().get();
  if (!error) return 0;
  const auto* reason = error->get_if<weir::Error>();
  return fail(reason != nullptr ? *reason : weir::Error{});
}
