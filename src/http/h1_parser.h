// Parsing HTTP/1.x heads: strict where smuggling starts, without I/O, copies or allocation.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/h1_error.h"
#include "http/message.h"

namespace weir::http {

/// Bounds of one head. The defaults are those of PROXY.md: browsers send 1–2 KiB in ~15 headers,
/// and cookies are the reason for 60 KiB.
struct HeadLimits {
  uint32_t target_bytes_max = 16 * 1024;            ///< beyond: 414
  uint32_t header_bytes_max = 60 * 1024;            ///< all header lines together; beyond: 431
  uint32_t headers_max = HeaderBlock::kHeadersMax;  ///< ≤ HeaderBlock::kHeadersMax; beyond: 431
};

/// The most bytes a head may take under default limits: a buffer of this size always holds one.
inline constexpr size_t kHeadBytesMax = 77 * 1024;

enum class ParseStatus : uint8_t {
  kNeedMore,  ///< call again with the same bytes and more after them
  kDone,      ///< the head is complete; `consumed` bytes belong to it
  kError,     ///< refuse and close
};

struct ParseResult {
  ParseStatus status = ParseStatus::kNeedMore;
  H1Error error = H1Error::kNone;
  uint32_t consumed = 0;

  bool done() const noexcept { return status == ParseStatus::kDone; }
};

/// Parses one request head at the start of `bytes`. Before the first call of a message, `head` must
/// be reset. After kNeedMore call again with the same bytes plus new ones; they may lie elsewhere.
/// Lines that were complete are not read again, so any split costs no more than the whole.
/// One empty line before the request line is skipped (RFC 9112 §2.2). Thread-safe on distinct
/// heads.
ParseResult parse_request(std::string_view bytes, const HeadLimits& limits,
                          RequestHead& head) noexcept;

/// What a response parser must know of the request it answers.
struct ResponseTo {
  Method method = Method::kGet;
  bool upgrade = false;  ///< the request we sent asked for an upgrade; else 101 is an error
};

/// Parses one response head; the same protocol as parse_request. Interim heads (1xx) are returned
/// one by one: reset `head` and parse on.
ParseResult parse_response(std::string_view bytes, const HeadLimits& limits, ResponseTo request,
                           ResponseHead& head) noexcept;

}  // namespace weir::http
