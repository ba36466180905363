// Answers of weir's own on the HTTP/2 wire, to browsers and to gRPC callers. What they say comes
// from refusal.h.
#pragma once

#include <array>
#include <string_view>

#include "http/h2_fields.h"
#include "proxy/answer.h"

namespace weir::proxy {

/// Room for an answer's own texts, which its fields borrow.
using AnswerText = std::array<char, 2048>;

/// Fills the head of `answer`; returns the problem document that follows it.
std::string_view list_answer(const Answer& answer, std::string_view request_id, AnswerText& text,
                             http::H2FieldList& fields) noexcept;

/// The same for a gRPC caller, in the trailers-only form ("gRPC over HTTP2", Responses): status 200
/// and grpc-status, one section and no body. grpc-retry-pushback-ms says when a retry has a chance.
void list_grpc_answer(const Answer& answer, std::string_view request_id, AnswerText& text,
                      http::H2FieldList& fields) noexcept;

}  // namespace weir::proxy
