#include "bridge/ingest_request.h"

#include "http/chars.h"
#include "observe/json.h"

namespace weir::bridge {
namespace {

constexpr std::string_view kHeaderPrefix = "kafka-header-";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return bytes;
}

}  // namespace

std::optional<Record> record_of(const http::RequestHead& request) {
  Record record;
  record.has_value = true;
  for (const http::HeaderView& header : request.headers) {
    if (http::equals_ignoring_case(header.name, "kafka-key")) {
      auto key = percent_decoded(header.value);
      if (!key) return std::nullopt;
      record.key = std::move(*key);
      record.has_key = true;
    } else if (header.name.size() > kHeaderPrefix.size() &&
               http::equals_ignoring_case(header.name.substr(0, kHeaderPrefix.size()),
                                          kHeaderPrefix)) {
      record.headers.emplace_back(header.name.substr(kHeaderPrefix.size()), header.value);
    }
  }
  const std::string_view type = request.headers.value(http::HeaderName::kContentType);
  if (!type.empty() && !is_batch(request)) record.headers.emplace_back("content-type", type);
  return record;
}

bool is_batch(const http::RequestHead& request) {
  const std::string_view type = request.headers.value(http::HeaderName::kContentType);
  return http::equals_ignoring_case(type.substr(0, type.find(';')), "application/x-ndjson");
}

std::vector<std::string_view> batch_lines(std::string_view body) {
  std::vector<std::string_view> lines;
  while (!body.empty()) {
    const size_t end = std::min(body.find('\n'), body.size());
    std::string_view line = body.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return lines;
}

std::string write_answer(const IngestAnswer& answer) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  text.append(http::reason_phrase(answer.status)).append("\r\n");
  const auto field = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  if (answer.close) field("Connection", "close");
  if (answer.retry_after_s >= 0) field("Retry-After", std::to_string(answer.retry_after_s));
  if (answer.records > 0) {
    field("Kafka-Partition", std::to_string(answer.partition));
    field("Kafka-Offset", std::to_string(answer.offset));
    field("Kafka-Records", std::to_string(answer.records));
  }
  if (answer.status == 204) return text.append("\r\n");
  observe::JsonWriter json;
  json.begin_object();
  json.member("type", "about:blank");
  json.member("title", answer.title);
  json.member("status", int64_t{answer.status});
  json.member("records_written", static_cast<int64_t>(answer.records));
  json.end_object();
  field("Content-Type", "application/problem+json");
  field("Content-Length", std::to_string(json.text().size()));
  return text.append("\r\n").append(json.text());
}

}  // namespace weir::bridge
