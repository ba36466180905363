// HTTP/2 field sections in the vocabulary of HTTP/1: the same RequestHead and ResponseHead, so that
// routing, admission and forwarding need not know which protocol a message came by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace weir::http {

/// Why a field section is refused. The stream is reset with PROTOCOL_ERROR (kTooLarge and
/// kTooManyFields: ENHANCE_YOUR_CALM); the connection goes on.
enum class H2Fault : uint8_t {
  kNone,
  kBadField,  ///< a character that HTTP/1 could not carry as one field
  kBadMethod,
  kBadScheme,
  kBadPath,
  kBadAuthority,  ///< user information, commas, bad ports …
  kHostMismatch,  ///< `host` and `:authority` name different servers
  kBadLength,     ///< content-length is not one number
  kBadStatus,
  kTooLarge,
  kTooManyFields,
};

/// Stable slug for logs, such as "host_mismatch".
std::string_view to_string(H2Fault fault) noexcept;

/// Bounds of one field section, counted as RFC 9113 §6.5.2 does (32 bytes a field on top).
struct H2HeadLimits {
  uint32_t list_bytes_max = 64 * 1024;
  uint32_t target_bytes_max = 16 * 1024;
};

/// Writes received fields down as HTTP/1 lines and keeps a HeaderBlock over them. The text belongs
/// to the collector: heads filled from it are valid until its next begin(). Not thread-safe.
class H2FieldCollector {
 public:
  void begin() noexcept;

  /// False once a regular field came: pseudo-header fields stand before all others, else their text
  /// would lie between two lines.
  bool takes_pseudo() const noexcept { return !past_pseudo_; }
  /// A pseudo-header field's value; where it now stands.
  Slice add_pseudo(std::string_view value);

  /// A regular field. The name must be in lower case, as RFC 9113 §8.2.1 asks.
  H2Fault add_field(std::string_view name, std::string_view value, const H2HeadLimits& limits,
                    HeaderBlock& headers);

  /// All fields are there: writes the cookies as one line (RFC 9113 §8.2.3) and points the block at
  /// the text.
  H2Fault finish(HeaderBlock& headers);

  /// Gives memory back that a large section took.
  void release() noexcept;

 private:
  static constexpr size_t kKeptCapacity = 4 * 1024;

  H2Fault append_line(std::string_view name, std::string_view value, HeaderBlock& headers);
  bool count(std::string_view name, std::string_view value, const H2HeadLimits& limits) noexcept;

  std::string text_;
  std::string cookies_;
  uint32_t list_bytes_ = 0;
  bool past_pseudo_ = false;
};

/// The head of a request that arrives on an HTTP/2 stream.
class H2RequestBuilder {
 public:
  void begin() noexcept;
  H2Fault add(std::string_view name, std::string_view value, const H2HeadLimits& limits);
  /// Checks the whole and fills framing: no body when `end_stream`, content-length when told, else
  /// kChunked, which is how the body travels on over HTTP/1.
  H2Fault finish(bool end_stream);

  const RequestHead& head() const noexcept { return head_; }
  void release() noexcept { fields_.release(); }

 private:
  H2Fault check_target() noexcept;

  RequestHead head_;
  H2FieldCollector fields_;
  Slice scheme_;
};

/// The head of a response that arrives on an HTTP/2 stream; interim heads (1xx) come one by one.
class H2ResponseBuilder {
 public:
  void begin() noexcept;
  H2Fault add(std::string_view name, std::string_view value, const H2HeadLimits& limits);
  H2Fault finish(bool end_stream, Method request_method);

  const ResponseHead& head() const noexcept { return head_; }
  void release() noexcept { fields_.release(); }

 private:
  ResponseHead head_;
  H2FieldCollector fields_;
};

}  // namespace weir::http
