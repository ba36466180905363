#include "client.h"

#include <array>
#include <utility>

namespace weir::kafka::detail {

Conf::Conf(const std::string& brokers) : conf_(rd_kafka_conf_new()) {
  set("bootstrap.servers", brokers);
  set("client.id", "weir");
  rd_kafka_conf_set_log_cb(conf_.get(), nullptr);  // stderr belongs to the program
}

Conf& Conf::set(const char* name, const std::string& value) {
  std::array<char, 512> text{};
  const auto result = rd_kafka_conf_set(conf_.get(), name, value.c_str(), text.data(), text.size());
  if (result != RD_KAFKA_CONF_OK && error_.empty()) error_ = text.data();
  return *this;
}

Expected<Handle> Conf::make(rd_kafka_type_t type, const Settings& settings) && {
  for (const auto& [name, value] : settings) set(name.c_str(), value);
  std::array<char, 512> text{};
  if (error_.empty()) {
    if (rd_kafka_t* handle = rd_kafka_new(type, conf_.get(), text.data(), text.size())) {
      conf_.release();
      return Handle(handle);
    }
    error_ = text.data();
  }
  return Unexpected<Error>(Error{ErrorKind::kConfig,
                                 "the Kafka client refuses a setting: " + error_,
                                 "librdkafka's CONFIGURATION.md lists what there is"});
}

int64_t milliseconds_of(Duration duration) noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

streams::StreamError failure(ErrorKind kind, std::string message, std::string remedy) {
  return streams::StreamError::of(Error{kind, std::move(message), std::move(remedy)});
}

Record copy_record(const rd_kafka_message_t& message) {
  Record record;
  record.topic = rd_kafka_topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  const int64_t timestamp = rd_kafka_message_timestamp(&message, nullptr);
  record.timestamp_ms = timestamp > 0 ? timestamp : 0;
  record.has_key = message.key != nullptr;
  if (record.has_key) record.key.assign(static_cast<const char*>(message.key), message.key_len);
  record.has_value = message.payload != nullptr;
  if (record.has_value) record.value.assign(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    record.headers.emplace_back(
        name, std::string(static_cast<const char*>(value), value == nullptr ? 0 : size));
  return record;
}

}  // namespace weir::kafka::detail
