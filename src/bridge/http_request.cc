#include "bridge/http_request.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "bridge/credits.h"
#include "http/chars.h"

namespace weir::bridge {
namespace {

constexpr size_t kKeyBytesMax = 4 * 1024;
constexpr size_t kHeaderBytesMax = 16 * 1024;
constexpr size_t kHeadersMax = 64;
constexpr std::string_view kContentType = "content-type";

// RFC 3986: everything but unreserved characters.
std::string percent_encoded(std::string_view bytes) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || http::is_digit(c) ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      text += c;
    } else {
      text.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return text;
}

bool is_field_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string_view content_type(const Record& record) {
  for (const auto& [name, value] : record.headers)
    if (http::equals_ignoring_case(name, kContentType) && is_field_value(value)) return value;
  return "application/octet-stream";
}

int64_t timeout_ms(const DeliverOptions& options) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(options.timeout).count();
}

// What every request tells about its record, whatever the protocol.
template <typename Field>
void each_field(const Record& record, const DeliverOptions& options, Field field) {
  const Origin& origin = record.origin;
  const std::string offset = std::to_string(origin.offset);
  const std::string partition = std::to_string(origin.partition);
  field("Content-Type",
        options.protocol == Protocol::kGrpc ? "application/grpc" : content_type(record));
  field("Kafka-Topic", origin.topic);
  field("Kafka-Partition", partition);
  field("Kafka-Offset", offset);
  field("Kafka-Timestamp", std::to_string(record.timestamp_ms));
  if (record.has_key && record.key.size() <= kKeyBytesMax)
    field("Kafka-Key", percent_encoded(record.key));
  field("Idempotency-Key", "\"" + origin.topic + "/" + partition + "/" + offset + "\"");
  field("X-Envoy-Attempt-Count", std::to_string(record.attempts + 1));
  field("X-Request-Deadline-Ms", std::to_string(timeout_ms(options)));
  field("X-Weir-Priority", to_string(options.priority));
  size_t bytes = 0;
  size_t count = 0;
  for (const auto& [name, value] : record.headers) {
    if (http::equals_ignoring_case(name, kContentType)) continue;
    if (!http::is_token(name) || !is_field_value(value)) continue;
    bytes += name.size() + value.size();
    if (bytes > kHeaderBytesMax || ++count > kHeadersMax) return;
    field("Kafka-Header-" + name, value);
  }
}

Answer answer_of(int status) {
  if (status >= 200 && status < 300) return Answer::kDelivered;
  if (status == 429 || status == 503 || status == 529) return Answer::kOverloaded;
  if (status == 408 || status == 425 || status >= 500) return Answer::kFailed;
  return Answer::kRejected;
}

}  // namespace

std::string request_head(const Record& record, const DeliverOptions& options,
                         std::string_view authority) {
  std::string head;
  head.reserve(512);
  head.append("POST ").append(options.path).append(" HTTP/1.1\r\n");
  const auto line = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  line("Host", authority);
  line("Content-Length", std::to_string(record.value.size()));
  each_field(record, options, line);
  return head.append("\r\n");
}

void RequestFields::fill(const Record& record, const DeliverOptions& options,
                         std::string_view authority) {
  const bool grpc = options.protocol == Protocol::kGrpc;
  list_.clear();
  values_.clear();
  list_.add(":method", "POST");
  list_.add(":scheme", "http");
  list_.add(":authority", authority);
  list_.add(":path", options.path);
  if (grpc) {
    list_.add("te", "trailers");
    add("grpc-timeout", std::to_string(timeout_ms(options)) + "m");
  } else {
    add("content-length", std::to_string(record.value.size()));
  }
  each_field(record, options,
             [this](std::string_view name, std::string_view value) { add(name, value); });
}

void RequestFields::add(std::string_view name, std::string_view value) {
  // The list keeps views; a deque never moves what it holds.
  std::string& lower = values_.emplace_back(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), http::to_lower);
  list_.add(lower, values_.emplace_back(value));
}

Delivery delivery_of(const http::ResponseHead& response, int64_t now_seconds) {
  Delivery delivery;
  delivery.status = response.status;
  delivery.answer = answer_of(response.status);
  delivery.credits = credits_in(response.headers.value(http::HeaderName::kEndpointLoadMetrics));
  if (delivery.answer == Answer::kDelivered) return delivery;
  delivery.retry_after =
      parse_retry_after(response.headers.value(http::HeaderName::kRetryAfter), now_seconds);
  delivery.error = "the service answered " + std::string(response.status_text());
  return delivery;
}

Duration parse_retry_after(std::string_view value, int64_t now_seconds) {
  uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error == std::errc{} && end == value.data() + value.size())
    return std::chrono::seconds(seconds);
  std::tm date{};
  const std::string text(value);
  const char* rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != '\0') return {};
  return std::chrono::seconds(std::max<int64_t>(timegm(&date) - now_seconds, 0));
}

}  // namespace weir::bridge
