// What an ingest request asks for, and how answers look. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/record.h"
#include "http/message.h"

namespace weir::bridge {

/// Key and headers of the record from the request's head: Kafka-Key percent-decoded, and
/// Kafka-Header-NAME. Nothing when the key is not valid percent-encoding.
std::optional<Record> record_of(const http::RequestHead& request);

/// Whether the body is a batch: application/x-ndjson, one record a line.
bool is_batch(const http::RequestHead& request);

/// The lines of a batch that are not empty.
std::vector<std::string_view> batch_lines(std::string_view body);

/// One answer. `title` is a sentence for people; empty only with 204.
struct IngestAnswer {
  int status = 204;
  std::string_view title{};
  int64_t retry_after_s = -1;  ///< below zero: no such field
  int32_t partition = -1;      ///< of the last record written
  int64_t offset = -1;
  size_t records = 0;  ///< durable
  bool close = false;
};

std::string write_answer(const IngestAnswer& answer);

}  // namespace weir::bridge
