#include "proxy/answer_h2.h"

#include "http/h1_writer.h"
#include "proxy/refusal.h"
#include "weir/base/assert.h"

namespace weir::proxy {
namespace {

using http::H2FieldList;
using http::HeadWriter;

// What both kinds of callers are told beside the status.
void add_hints(const Answer& answer, std::string_view request_id, HeadWriter& text,
               H2FieldList& fields) noexcept {
  if (answer.retry_after_ms >= 0)
    fields.add("retry-after", static_cast<uint64_t>((answer.retry_after_ms + 999) / 1000));
  const size_t begin = text.size();
  write_proxy_status(answer, text);
  fields.add("proxy-status", text.view().substr(begin));
  if (answer.overloaded) fields.add("x-envoy-overloaded", "true");
  if (!request_id.empty()) fields.add("x-request-id", request_id);
}

// grpc-message is percent-encoded: printable ASCII but '%' stands for itself.
std::string_view write_grpc_message(std::string_view message, HeadWriter& text) noexcept {
  const size_t begin = text.size();
  for (const char& c : message) {
    if (c >= ' ' && c <= '~' && c != '%') {
      text.append({&c, 1});
      continue;
    }
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto byte = static_cast<uint8_t>(c);
    text.append("%").append(kDigits.substr(byte >> 4, 1)).append(kDigits.substr(byte & 15, 1));
  }
  return text.view().substr(begin);
}

}  // namespace

std::string_view list_answer(const Answer& answer, std::string_view request_id, AnswerText& room,
                             H2FieldList& fields) noexcept {
  HeadWriter text(room.data(), room.size());
  write_problem(answer, request_id, text);
  const std::string_view body = text.view();
  fields.clear();
  fields.add_status(answer.status);
  fields.add("content-type", "application/problem+json");
  fields.add("content-length", body.size());
  fields.add("cache-control", "no-store");
  add_hints(answer, request_id, text, fields);
  WEIR_ASSERT(text.ok());
  return body;
}

void list_grpc_answer(const Answer& answer, std::string_view request_id, AnswerText& room,
                      H2FieldList& fields) noexcept {
  HeadWriter text(room.data(), room.size());
  fields.clear();
  fields.add_status(200);
  fields.add("content-type", "application/grpc");
  fields.add("grpc-status", uint64_t{answer.grpc_status});
  fields.add("grpc-message", write_grpc_message(answer.detail, text));
  if (answer.retry_after_ms >= 0)
    fields.add("grpc-retry-pushback-ms", static_cast<uint64_t>(answer.retry_after_ms));
  add_hints(answer, request_id, text, fields);
  WEIR_ASSERT(text.ok());
}

}  // namespace weir::proxy
