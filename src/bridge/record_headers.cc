#include "bridge/record_headers.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace weir::bridge {
namespace {

constexpr std::string_view kPrefix = "weir-";
constexpr const char* kTopic = "weir-origin-topic";
constexpr const char* kPartition = "weir-origin-partition";
constexpr const char* kOffset = "weir-origin-offset";
constexpr const char* kGroup = "weir-group";
constexpr const char* kAttempts = "weir-attempts";
constexpr const char* kNotBefore = "weir-not-before";
constexpr const char* kError = "weir-error";

template <typename T>
void read_number(const std::string& text, T& value) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= 0) value = number;
}

}  // namespace

std::vector<Record::Header> bookkeeping_headers(const Record& record, const std::string& group) {
  return {{kTopic, record.origin.topic},
          {kPartition, std::to_string(record.origin.partition)},
          {kOffset, std::to_string(record.origin.offset)},
          {kGroup, group},
          {kAttempts, std::to_string(record.attempts)},
          {kNotBefore, std::to_string(record.not_before_ms)},
          {kError, record.error}};
}

Bookkeeping take_bookkeeping(Record& record, const std::string& group) {
  Bookkeeping found = Bookkeeping::kNone;
  for (const auto& [name, value] : record.headers) {
    if (name == kGroup) found = value == group ? Bookkeeping::kOurs : Bookkeeping::kForeign;
    if (name == kTopic) record.origin.topic = value;
    if (name == kPartition) read_number(value, record.origin.partition);
    if (name == kOffset) read_number(value, record.origin.offset);
    if (name == kAttempts) read_number(value, record.attempts);
    if (name == kNotBefore) read_number(value, record.not_before_ms);
    if (name == kError) record.error = value;
  }
  std::erase_if(record.headers,
                [](const Record::Header& header) { return header.first.starts_with(kPrefix); });
  return found;
}

}  // namespace weir::bridge
