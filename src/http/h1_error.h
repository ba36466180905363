// Why the HTTP/1 codec refuses a message. docs/explanation/http1-strictness.md tells which attack
// each refusal stops.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::http {

enum class H1Error : uint8_t {
  kNone,
  // Syntax of lines.
  kBareLf,
  kBareCr,
  kControlCharacter,
  kObsFold,
  kSpaceBeforeColon,
  kBadHeaderName,
  kBadRequestLine,
  kBadMethod,
  kBadTarget,
  kBadVersion,
  kUnsupportedVersion,
  kBadStatusLine,
  // Who is asked.
  kNoHost,
  kDuplicateHost,
  kBadHost,
  kHostMismatch,
  // Where the message ends.
  kBadContentLength,
  kDuplicateContentLength,
  kLengthAndCoding,
  kCodingOnHttp10,
  kBadTransferCoding,
  kUnknownTransferCoding,
  kConnectWithBody,
  kUnexpectedUpgrade,
  kBadChunkSize,
  kBadChunkData,
  kBadTrailer,
  // Size.
  kTargetTooLong,
  kHeadTooLarge,
  kTooManyHeaders,
  kTrailersTooLarge,
  kChunkExtensionsTooLarge,
};

/// The status that a request refused for `error` is answered with: 400, 414, 431, 501 or 505.
/// A response refused by the codec is answered with 502 by the proxy, whatever the reason. After
/// any error the connection closes: nobody knows where the next message would start.
uint16_t http_status(H1Error error) noexcept;

/// Stable slug for logs, metrics and problem documents, such as "content_length_and_coding".
std::string_view to_string(H1Error error) noexcept;

}  // namespace weir::http
