#include "bridge/grpc_answer.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace weir::bridge {
namespace {

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
enum class GrpcStatus : uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// A longer one is taken for a mistake, as Retry-After is.
constexpr int64_t kPushbackMaxMs = 60'000;

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Answer answer_of(GrpcStatus status) {
  switch (status) {
    case GrpcStatus::kOk:
    case GrpcStatus::kAlreadyExists: return Answer::kDelivered;
    case GrpcStatus::kResourceExhausted:
    case GrpcStatus::kUnavailable: return Answer::kOverloaded;
    case GrpcStatus::kDeadlineExceeded: return Answer::kTimedOut;
    case GrpcStatus::kInvalidArgument:
    case GrpcStatus::kNotFound:
    case GrpcStatus::kPermissionDenied:
    case GrpcStatus::kFailedPrecondition:
    case GrpcStatus::kOutOfRange: return Answer::kRejected;
    case GrpcStatus::kCancelled:
    case GrpcStatus::kUnknown:
    case GrpcStatus::kAborted:
    case GrpcStatus::kUnimplemented:
    case GrpcStatus::kInternal:
    case GrpcStatus::kDataLoss:
    case GrpcStatus::kUnauthenticated: return Answer::kFailed;
  }
  return Answer::kFailed;
}

}  // namespace

Delivery delivery_of_grpc(std::string_view status, std::string_view message,
                          std::string_view pushback_ms) {
  const auto code = number(status);
  constexpr int64_t kLast = static_cast<int64_t>(GrpcStatus::kUnauthenticated);
  if (!code || *code < 0 || *code > kLast)
    return {Answer::kFailed, 0, {}, "the service sent no gRPC status"};
  Delivery delivery;
  delivery.status = static_cast<int>(*code);
  delivery.answer = answer_of(static_cast<GrpcStatus>(*code));
  if (delivery.answer == Answer::kDelivered) return delivery;
  if (const auto wait = number(pushback_ms); wait && *wait > 0)
    delivery.retry_after = std::chrono::milliseconds(std::min(*wait, kPushbackMaxMs));
  delivery.error = "the service answered gRPC status " + std::to_string(*code);
  if (!message.empty()) delivery.error.append(": ").append(message);
  return delivery;
}

}  // namespace weir::bridge
