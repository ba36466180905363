#include "bridge/kafka_message.h"

#include <algorithm>

namespace weir::bridge {
namespace {

void copy_headers(const rd_kafka_message_t& message, Record& record) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    record.headers.emplace_back(name, value == nullptr
                                          ? std::string()
                                          : std::string(static_cast<const char*>(value), size));
}

}  // namespace

std::unique_ptr<Record> copy_record(const rd_kafka_message_t& message) {
  auto record = std::make_unique<Record>();
  record->offset = message.offset;
  record->has_key = message.key != nullptr;
  if (record->has_key) record->key.assign(static_cast<const char*>(message.key), message.key_len);
  record->has_value = message.payload != nullptr;
  if (record->has_value)
    record->value.assign(static_cast<const char*>(message.payload), message.len);
  rd_kafka_timestamp_type_t type{};
  record->timestamp_ms = std::max<int64_t>(rd_kafka_message_timestamp(&message, &type), 0);
  copy_headers(message, *record);
  return record;
}

}  // namespace weir::bridge
