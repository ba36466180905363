// Message bodies of HTTP/1.x: where they end, without copying a byte of them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "http/h1_error.h"
#include "http/message.h"

namespace weir::http {

/// Bounds of what may stand in a chunked body beside its payload.
struct BodyLimits {
  uint32_t extension_bytes_max = 256;        ///< of one chunk
  uint32_t extension_total_max = 16 * 1024;  ///< of the whole body
  uint32_t trailer_bytes_max = 4 * 1024;  ///< all trailer lines; the caller's buffer must hold it
  uint32_t trailers_max = 32;
};

enum class BodyEvent : uint8_t {
  kNeedMore,  ///< give what is left of the input again, with more after it
  kData,      ///< `payload` is body; call again with the rest
  kTrailer,   ///< `trailer` is one trailer field; call again with the rest
  kDone,      ///< the body is complete; what is left belongs to the next message
  kError,     ///< close both sides: the end of this body is unknown
};

struct BodyStep {
  BodyEvent event = BodyEvent::kNeedMore;
  H1Error error = H1Error::kNone;
  size_t consumed = 0;       ///< bytes of the input to drop; ≤ its size
  std::string_view payload;  ///< points into the input
  HeaderView trailer;        ///< points into the input
};

/// Finds the payload of one body. Chunk extensions are bounded and dropped (RFC 9112 §7.1.1), each
/// trailer field is given on its own. Not thread-safe; a value of 48 bytes.
class BodyDecoder {
 public:
  BodyDecoder() noexcept = default;
  explicit BodyDecoder(BodyFraming framing, const BodyLimits& limits = BodyLimits{}) noexcept;

  /// The next step for the bytes after those consumed so far. Consumes all it can, except the
  /// beginning of an incomplete trailer line. At most one payload span a call.
  BodyStep decode(std::string_view in) noexcept;

  bool done() const noexcept { return state_ == State::kDone; }
  /// The connection has ended. True if that is where the body may end: an until-close body, or one
  /// that was complete. False means a truncated message, which must not be passed on as whole.
  bool finish_at_close() noexcept;
  /// Payload bytes of the current length or chunk still to come; 0 when unknown.
  uint64_t remaining() const noexcept { return remaining_; }

 private:
  enum class State : uint8_t {
    kLength,
    kUntilClose,
    kChunkSizeFirst,  // at least one digit must come
    kChunkSize,
    kChunkExtension,
    kChunkSizeLf,
    kChunkData,
    kChunkDataCr,
    kChunkDataLf,
    kTrailers,
    kDone,
    kFailed,
  };

  BodyStep take_payload(std::string_view in, size_t skipped, State next) noexcept;
  BodyStep decode_chunked(std::string_view in) noexcept;
  BodyStep decode_trailer(std::string_view in, size_t skipped) noexcept;
  H1Error step(char c) noexcept;
  H1Error step_size(char c) noexcept;
  H1Error step_extension(char c) noexcept;
  H1Error finish_size(char c) noexcept;
  BodyStep fail(H1Error error, size_t consumed) noexcept;

  uint64_t remaining_ = 0;
  BodyLimits limits_;
  uint32_t extension_bytes_ = 0;
  uint32_t extension_total_ = 0;
  uint32_t trailer_bytes_ = 0;
  uint16_t trailers_ = 0;
  uint8_t size_digits_ = 0;
  State state_ = State::kDone;
  H1Error error_ = H1Error::kNone;
};

/// True for fields that must not be taken from a trailer section: framing, routing, credentials and
/// what a cache or a server decides by (RFC 9110 §6.5.1). A forwarder drops them.
bool is_forbidden_trailer(HeaderName name) noexcept;

/// The line before a chunk of a known size: "1f4\r\n". A value; view() is valid while it lives.
class ChunkHeader {
 public:
  /// `size` > 0: an empty chunk would end the body; for the end use kLastChunk.
  explicit ChunkHeader(uint64_t size) noexcept;
  std::string_view view() const noexcept {
    return {bytes_.data() + begin_, bytes_.size() - begin_};
  }

 private:
  std::array<char, 18> bytes_;  // 16 digits, CR, LF
  size_t begin_;
};

/// Follows the payload of every chunk.
inline constexpr std::string_view kChunkEnd = "\r\n";
/// The end of a chunked body without trailers.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
/// The end of a chunked body with trailers: this, then "name: value\r\n" lines, then kChunkEnd.
inline constexpr std::string_view kLastChunkBeforeTrailers = "0\r\n";

}  // namespace weir::http
