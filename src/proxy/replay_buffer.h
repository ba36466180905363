// ReplayBuffer: a request kept until its answer is in, so that it can be sent again.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace weir::proxy {

/// Keeps the head and a body up to a bound. Its memory is reused from request to request. Not
/// thread-safe.
class ReplayBuffer {
 public:
  /// Begins with the head; from now on `request` looks into the copy, so that it outlives the
  /// buffer that it came in.
  void keep_head(http::RequestHead& request);
  /// Body bytes that were passed on; beyond `bytes_max` in all, nothing is kept any more.
  void keep_body(std::string_view payload, size_t bytes_max);
  /// What has been sent cannot be kept: trailers, for example.
  void give_up() noexcept;
  void reset() noexcept;

  /// Whether everything that was sent is here.
  bool whole() const noexcept { return keeping_; }
  std::string_view body() const noexcept { return body_; }

 private:
  // Memory beyond this is not kept for the next request.
  static constexpr size_t kIdleBytesMax = 16 * 1024;

  std::string head_;
  std::string body_;
  bool keeping_ = false;
};

}  // namespace weir::proxy
