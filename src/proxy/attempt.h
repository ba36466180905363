// Attempt: one try of an exchange at an upstream. Most exchanges need one; retries make others, and
// what the upstream's side of any protocol knows of an exchange is this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"
#include "proxy/answer.h"
#include "proxy/stream.h"
#include "weir/base/time.h"

namespace weir::proxy {

class Exchange;
struct Caller;

/// How an attempt failed.
struct UpstreamFailure {
  Fault fault = Fault::kUpstreamClosed;
  /// The upstream cannot have begun to work on it: it may be sent again whatever it is.
  bool unsent = false;
  /// A pooled connection turned out to be closed: an idempotent request may be sent again.
  bool stale = false;
  http::H1Error error = http::H1Error::kNone;
};

/// Lives in its exchange. Not thread-safe. After on_failed, on_pool_full and on_response_end, and
/// after cancel() of the stream, the upstream's side must not touch it any more.
class Attempt {
 public:
  explicit Attempt(Exchange& exchange) noexcept : exchange_(exchange) {}
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  // What the upstream's side sends.
  const http::RequestHead& request() const noexcept;
  const Caller& caller() const noexcept;

  // What it tells.
  /// A connection is under way; `stream` can be cancelled but takes nothing yet.
  void on_connecting(UpstreamStream& stream) noexcept { stream_ = &stream; }
  void on_pool_full(uint32_t used, uint32_t bound);
  /// The stream takes the request.
  void on_ready(UpstreamStream& stream);
  void on_failed(const UpstreamFailure& failure);
  /// Interim (1xx) or final: `response` is filled.
  void on_response_head();
  size_t on_response_body(std::string_view payload);
  void on_response_trailer(const http::HeaderView& field);
  /// The upstream's side has let go already.
  void on_response_end();
  void on_writable();
  /// The batch of bytes that the upstream's side had is passed on.
  void on_response_pause();

  /// Filled by the upstream's protocol; its views live only through on_response_head().
  http::ResponseHead response;

  /// For the pool: which endpoint it is at, and since when. None before open and after end_try.
  static constexpr size_t kNoEndpoint = SIZE_MAX;
  size_t endpoint = kNoEndpoint;
  Instant opened_at{};

  UpstreamStream* stream() const noexcept { return stream_; }
  /// Ends it, if it is under way; it hears nothing afterwards.
  void cancel();

 private:
  Exchange& exchange_;
  UpstreamStream* stream_ = nullptr;
};

}  // namespace weir::proxy
