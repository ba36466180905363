#include "http/h1_body.h"

#include <algorithm>

#include "http/chars.h"
#include "http/scan.h"

namespace weir::http {
namespace {

// 15 hexadecimal digits: a chunk of 2^60 bytes is a lie. Leading zeros count, else a size line
// could go on for ever.
constexpr uint8_t kSizeDigitsMax = 15;

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

H1Error line_error(char c) noexcept {
  return c == '\n' ? H1Error::kBareLf : H1Error::kControlCharacter;
}

constexpr HeaderSet kForbiddenTrailers = {
    HeaderName::kAuthorization, HeaderName::kConnection,       HeaderName::kContentEncoding,
    HeaderName::kContentLength, HeaderName::kContentType,      HeaderName::kCookie,
    HeaderName::kExpect,        HeaderName::kForwarded,        HeaderName::kHost,
    HeaderName::kHttp2Settings, HeaderName::kKeepAlive,        HeaderName::kProxyConnection,
    HeaderName::kRange,         HeaderName::kSetCookie,        HeaderName::kTe,
    HeaderName::kTrailer,       HeaderName::kTransferEncoding, HeaderName::kUpgrade,
    HeaderName::kVia,           HeaderName::kXForwardedFor,    HeaderName::kXForwardedProto,
    HeaderName::kXRequestId};

}  // namespace

BodyDecoder::BodyDecoder(BodyFraming framing, const BodyLimits& limits) noexcept
    : remaining_(framing.length), limits_(limits) {
  switch (framing.kind) {
    case BodyKind::kNone: state_ = State::kDone; break;
    case BodyKind::kLength: state_ = framing.length == 0 ? State::kDone : State::kLength; break;
    case BodyKind::kChunked: state_ = State::kChunkSizeFirst; break;
    case BodyKind::kUntilClose: state_ = State::kUntilClose; break;
  }
}

BodyStep BodyDecoder::fail(H1Error error, size_t consumed) noexcept {
  state_ = State::kFailed;
  error_ = error;
  return {BodyEvent::kError, error, consumed, {}, {}};
}

bool BodyDecoder::finish_at_close() noexcept {
  if (state_ == State::kUntilClose) state_ = State::kDone;
  return state_ == State::kDone;
}

BodyStep BodyDecoder::take_payload(std::string_view in, size_t skipped, State next) noexcept {
  const std::string_view rest = in.substr(skipped);
  const std::string_view payload = rest.substr(0, std::min<uint64_t>(remaining_, rest.size()));
  remaining_ -= payload.size();
  if (remaining_ == 0) state_ = next;
  return {BodyEvent::kData, H1Error::kNone, skipped + payload.size(), payload, {}};
}

BodyStep BodyDecoder::decode(std::string_view in) noexcept {
  switch (state_) {
    case State::kDone: return {BodyEvent::kDone, H1Error::kNone, 0, {}, {}};
    case State::kFailed: return {BodyEvent::kError, error_, 0, {}, {}};
    case State::kLength:
      if (in.empty()) return {};
      return take_payload(in, 0, State::kDone);
    case State::kUntilClose:
      if (in.empty()) return {};
      return {BodyEvent::kData, H1Error::kNone, in.size(), in, {}};
    case State::kChunkSizeFirst:
    case State::kChunkSize:
    case State::kChunkExtension:
    case State::kChunkSizeLf:
    case State::kChunkData:
    case State::kChunkDataCr:
    case State::kChunkDataLf:
    case State::kTrailers: return decode_chunked(in);
  }
  return fail(H1Error::kBadChunkData, 0);
}

BodyStep BodyDecoder::decode_chunked(std::string_view in) noexcept {
  for (size_t at = 0;; ++at) {
    if (state_ == State::kTrailers) return decode_trailer(in, at);
    if (at == in.size()) return {BodyEvent::kNeedMore, H1Error::kNone, at, {}, {}};
    if (state_ == State::kChunkData) return take_payload(in, at, State::kChunkDataCr);
    const H1Error error = step(in[at]);
    if (error != H1Error::kNone) return fail(error, at);
  }
}

// One byte of chunk framing. States that consume more at once never come here.
H1Error BodyDecoder::step(char c) noexcept {
  switch (state_) {
    case State::kChunkSizeFirst:
      extension_bytes_ = 0;
      size_digits_ = 0;
      remaining_ = 0;
      if (hex_value(c) < 0) return c == '\n' ? H1Error::kBareLf : H1Error::kBadChunkSize;
      state_ = State::kChunkSize;
      return step_size(c);
    case State::kChunkSize: return step_size(c);
    case State::kChunkExtension: return step_extension(c);
    case State::kChunkSizeLf: return finish_size(c);
    case State::kChunkDataCr:
      if (c != '\r') return c == '\n' ? H1Error::kBareLf : H1Error::kBadChunkData;
      state_ = State::kChunkDataLf;
      return H1Error::kNone;
    case State::kChunkDataLf:
      if (c != '\n') return H1Error::kBareCr;
      state_ = State::kChunkSizeFirst;
      return H1Error::kNone;
    case State::kLength:
    case State::kUntilClose:
    case State::kChunkData:
    case State::kTrailers:
    case State::kDone:
    case State::kFailed: break;
  }
  WEIR_ASSERT(false);
  return H1Error::kBadChunkData;
}

H1Error BodyDecoder::step_size(char c) noexcept {
  const int digit = hex_value(c);
  if (digit >= 0) {
    if (++size_digits_ > kSizeDigitsMax) return H1Error::kBadChunkSize;
    remaining_ = remaining_ << 4 | static_cast<uint64_t>(digit);
    return H1Error::kNone;
  }
  if (c == '\r') {
    state_ = State::kChunkSizeLf;
    return H1Error::kNone;
  }
  // Blanks before ";" are BWS in the grammar, but "5 \r\n" is read differently by different
  // servers, so no blank is taken at all.
  if (c == ';') {
    state_ = State::kChunkExtension;
    return H1Error::kNone;
  }
  return c == '\n' ? H1Error::kBareLf : H1Error::kBadChunkSize;
}

H1Error BodyDecoder::step_extension(char c) noexcept {
  if (c == '\r') {
    state_ = State::kChunkSizeLf;
    return H1Error::kNone;
  }
  const auto byte = static_cast<unsigned char>(c);
  if ((byte < 0x20 && c != '\t') || byte == 0x7f) return line_error(c);
  ++extension_total_;
  if (++extension_bytes_ > limits_.extension_bytes_max ||
      extension_total_ > limits_.extension_total_max) {
    return H1Error::kChunkExtensionsTooLarge;
  }
  return H1Error::kNone;
}

H1Error BodyDecoder::finish_size(char c) noexcept {
  if (c != '\n') return H1Error::kBareCr;
  state_ = remaining_ == 0 ? State::kTrailers : State::kChunkData;
  return H1Error::kNone;
}

BodyStep BodyDecoder::decode_trailer(std::string_view in, size_t skipped) noexcept {
  const std::string_view rest = in.substr(skipped);
  const size_t end = find_control(rest, 0);
  if (trailer_bytes_ + end > limits_.trailer_bytes_max) {
    return fail(H1Error::kTrailersTooLarge, skipped);
  }
  if (end < rest.size() && rest[end] != '\r') return fail(line_error(rest[end]), skipped);
  if (end + 1 >= rest.size()) return {BodyEvent::kNeedMore, H1Error::kNone, skipped, {}, {}};
  if (rest[end + 1] != '\n') return fail(H1Error::kBareCr, skipped);
  const size_t consumed = skipped + end + 2;
  if (end == 0) {
    state_ = State::kDone;
    return {BodyEvent::kDone, H1Error::kNone, consumed, {}, {}};
  }
  trailer_bytes_ += static_cast<uint32_t>(end) + 2;
  if (++trailers_ > limits_.trailers_max) return fail(H1Error::kTrailersTooLarge, skipped);
  const std::string_view line = rest.substr(0, end);
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(name)) {
    return fail(H1Error::kBadTrailer, skipped);
  }
  return {BodyEvent::kTrailer,
          H1Error::kNone,
          consumed,
          {},
          {name, trimmed(line.substr(colon + 1)), recognise(name)}};
}

bool is_forbidden_trailer(HeaderName name) noexcept {
  return kForbiddenTrailers.contains(name);
}

ChunkHeader::ChunkHeader(uint64_t size) noexcept : begin_(16) {
  WEIR_ASSERT(size > 0);
  bytes_[16] = '\r';
  bytes_[17] = '\n';
  for (; size != 0; size >>= 4) bytes_[--begin_] = "0123456789abcdef"[size & 15];
}

}  // namespace weir::http
