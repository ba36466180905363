#include "bridge/rdkafka.h"

#include <array>
#include <thread>

namespace weir::bridge {
namespace {

constexpr size_t kErrorBytes = 512;
constexpr int kAskMax = 10;
constexpr std::chrono::milliseconds kAskAgain(200);

int milliseconds_of(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

Unexpected<Error> unavailable(std::string message, std::string remedy) {
  return Unexpected<Error>(Error{ErrorKind::kUnavailable, std::move(message), std::move(remedy)});
}

Unexpected<Error> topic_error(const std::string& topic, rd_kafka_resp_err_t code) {
  std::string message = "topic '" + topic + "': " + rd_kafka_err2str(code);
  std::string remedy = "create it, or correct its name in the configuration";
  if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    remedy = "give this user READ, WRITE and DESCRIBE on it";
  return Unexpected<Error>(Error{ErrorKind::kConfig, std::move(message), std::move(remedy)});
}

using Metadata = std::unique_ptr<const rd_kafka_metadata_t, KafkaDelete<rd_kafka_metadata_destroy>>;

// "Timed out" is how a wrong password looks from here; the reason came as an event before.
Unexpected<Error> no_answer(rd_kafka_t* handle, rd_kafka_resp_err_t code) {
  std::string why = rd_kafka_err2str(code);
  std::string remedy = "check the brokers' addresses, and TLS and SASL settings if they ask for it";
  const KafkaQueue queue(rd_kafka_queue_get_main(handle));
  while (const KafkaEvent event{rd_kafka_queue_poll(queue.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_ERROR) continue;
    switch (static_cast<int>(rd_kafka_event_error(event.get()))) {
      case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        why = rd_kafka_event_error_string(event.get());
        remedy = "correct sasl.username and sasl.password under `client`";
        break;
      case RD_KAFKA_RESP_ERR__SSL:
        why = rd_kafka_event_error_string(event.get());
        remedy =
            "give ssl.ca.location under `client`, and check that the name is the certificate's";
        break;
      case RD_KAFKA_RESP_ERR__TRANSPORT:
      case RD_KAFKA_RESP_ERR__RESOLVE: why = rd_kafka_event_error_string(event.get()); break;
      default: break;
    }
  }
  return unavailable("no Kafka broker answers: " + why, remedy);
}

// Asking for a topic by its name would create it where brokers do that; the list of all does not.
Expected<bool> is_listed(rd_kafka_t* handle, const std::string& topic, Duration timeout) {
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code = rd_kafka_metadata(handle, 1, nullptr, &raw, milliseconds_of(timeout));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return no_answer(handle, code);
  const Metadata metadata(raw);
  for (int i = 0; i < metadata->topic_cnt; ++i)
    if (topic == metadata->topics[i].topic) return true;
  return false;
}

Expected<int> ask_partition_count(rd_kafka_t* handle, const std::string& topic, Duration timeout) {
  using Topic = std::unique_ptr<rd_kafka_topic_t, KafkaDelete<rd_kafka_topic_destroy>>;
  const Topic local(rd_kafka_topic_new(handle, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code = rd_kafka_metadata(handle, 0, local.get(), &raw, milliseconds_of(timeout));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return no_answer(handle, code);
  const Metadata metadata(raw);
  const rd_kafka_metadata_topic_t& found = metadata->topics[0];
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return topic_error(topic, found.err);
  return found.partition_cnt;
}

}  // namespace

ConfBuilder::ConfBuilder(const std::string& brokers, const ClientSettings& settings)
    : conf_(rd_kafka_conf_new()), settings_(settings) {
  set("bootstrap.servers", brokers);
  set("client.id", "weir");
  // What matters comes as an error event too; stderr belongs to our own log.
  rd_kafka_conf_set_log_cb(conf_.get(), nullptr);
}

ConfBuilder& ConfBuilder::set(const char* name, const std::string& value) {
  std::array<char, kErrorBytes> text{};
  const auto result = rd_kafka_conf_set(conf_.get(), name, value.c_str(), text.data(), text.size());
  if (result != RD_KAFKA_CONF_OK && error_.empty()) error_ = text.data();
  return *this;
}

Expected<KafkaHandle> ConfBuilder::make(rd_kafka_type_t type) && {
  for (const auto& [name, value] : settings_) set(name.c_str(), value);
  std::array<char, kErrorBytes> text{};
  if (error_.empty()) {
    if (rd_kafka_t* handle = rd_kafka_new(type, conf_.get(), text.data(), text.size())) {
      conf_.release();
      return KafkaHandle(handle);
    }
    error_ = text.data();
  }
  return Unexpected<Error>(Error{ErrorKind::kConfig,
                                 "the Kafka client refuses a setting: " + error_,
                                 "librdkafka's CONFIGURATION.md lists what there is"});
}

void QueueWaker::watch(rd_kafka_queue_t* queue) noexcept {
  rd_kafka_queue_cb_event_enable(
      queue, [](rd_kafka_t*, void* self) { static_cast<QueueWaker*>(self)->wake(); }, this);
}

void QueueWaker::unwatch(rd_kafka_queue_t* queue) noexcept {
  rd_kafka_queue_cb_event_enable(queue, nullptr, nullptr);
}

Expected<int> partition_count(rd_kafka_t* handle, const std::string& topic, Duration timeout) {
  // A broker that has just made a topic may not know it yet.
  for (int attempt = 1;; ++attempt) {
    auto count = ask_partition_count(handle, topic, timeout);
    const bool unknown = !count && count.error().kind == ErrorKind::kConfig;
    if (!unknown || attempt == kAskMax) return count;
    std::this_thread::sleep_for(kAskAgain);
  }
}

Expected<bool> ensure_topic(rd_kafka_t* handle, const std::string& topic, int partitions,
                            Duration timeout) {
  if (const auto listed = is_listed(handle, topic, timeout); !listed || *listed) {
    if (!listed) return Unexpected<Error>(listed.error());
    return false;
  }
  std::array<char, kErrorBytes> text{};
  const std::unique_ptr<rd_kafka_NewTopic_t, KafkaDelete<rd_kafka_NewTopic_destroy>> wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, text.data(), text.size()));
  if (!wanted) return topic_error(topic, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION);
  const KafkaQueue queue(rd_kafka_queue_new(handle));
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  rd_kafka_CreateTopics(handle, topics, 1, nullptr, queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), milliseconds_of(timeout)));
  if (!event)
    return unavailable("no broker created topic '" + topic + "' in time", "create it by hand");
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return unavailable(std::string("cannot create topics: ") + rd_kafka_err2str(code), "");
  size_t count = 0;
  const auto* result = rd_kafka_event_CreateTopics_result(event.get());
  const auto* const* created = rd_kafka_CreateTopics_result_topics(result, &count);
  const auto code = rd_kafka_topic_result_error(created[0]);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return false;
  // Who may not create topics is told so whether or not it exists.
  if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
      code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
    return false;
  return topic_error(topic, code);
}

}  // namespace weir::bridge
