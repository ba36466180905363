// Chunked bodies: any split gives the same payload and end, spans lie inside the input, a slow
// reference written from the grammar agrees, and what we encode anew decodes to the same.
#include <optional>
#include <string>
#include <vector>

#include "fuzz/pieces.h"
#include "http/chars.h"
#include "http/h1_body.h"

namespace weir::http {
namespace {

struct Body {
  std::string payload;
  std::string trailers;
  std::string end;  ///< "more", "done" or the error
  size_t consumed = 0;

  friend bool operator==(const Body&, const Body&) = default;
};

// Feeds growing input, keeping what the decoder did not consume in front of the next piece.
Body decode(std::string_view bytes, const std::vector<size_t>& ends) {
  BodyDecoder decoder({BodyKind::kChunked, 0});
  Body body;
  for (size_t end : ends) {
    for (;;) {
      const fuzz::ExactCopy in(bytes.substr(body.consumed, end - body.consumed));
      const BodyStep step = decoder.decode(in.view());
      WEIR_ASSERT(step.consumed <= in.view().size());
      fuzz::check_inside(step.payload, in.view());
      fuzz::check_inside(step.trailer.name, in.view());
      fuzz::check_inside(step.trailer.value, in.view());
      body.consumed += step.event == BodyEvent::kError ? 0 : step.consumed;
      body.payload += step.payload;
      if (step.event == BodyEvent::kError) {
        body.end = to_string(step.error);
        body.consumed = 0;
        return body;
      }
      if (step.event == BodyEvent::kDone) {
        WEIR_ASSERT(decoder.done() && decoder.finish_at_close());
        body.end = "done";
        return body;
      }
      if (step.event == BodyEvent::kTrailer) {
        WEIR_ASSERT(is_token(step.trailer.name));
        body.trailers.append(step.trailer.name).append("=").append(step.trailer.value).append(";");
      } else if (step.event == BodyEvent::kNeedMore) {
        break;
      }
    }
  }
  WEIR_ASSERT(!decoder.finish_at_close());
  body.end = "more";
  body.consumed = 0;
  return body;
}

std::optional<std::string_view> take_line(std::string_view& in) {
  const size_t end = in.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = in.substr(0, end);
  for (char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return std::nullopt;
  }
  in.remove_prefix(end + 2);
  return line;
}

// The payload of a complete, well-formed chunked body; nothing for anything else. Limits of size
// are not looked at.
std::optional<std::string> reference_payload(std::string_view in) {
  std::string payload;
  for (;;) {
    const auto line = take_line(in);
    if (!line) return std::nullopt;
    const std::string_view digits = line->substr(0, line->find(';'));
    if (digits.empty() || digits.size() > 15) return std::nullopt;
    if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
      return std::nullopt;
    }
    const size_t size = std::stoull(std::string(digits), nullptr, 16);
    if (size == 0) break;
    if (size > in.size() || in.size() - size < 2 || in.substr(size, 2) != "\r\n") {
      return std::nullopt;
    }
    payload += in.substr(0, size);
    in.remove_prefix(size + 2);
  }
  for (;;) {
    const auto line = take_line(in);
    if (!line) return std::nullopt;
    if (line->empty()) return payload;
    const size_t colon = line->find(':');
    if (colon == std::string_view::npos || !is_token(line->substr(0, colon))) return std::nullopt;
  }
}

bool is_size_limit(const std::string& end) {
  return end == to_string(H1Error::kChunkExtensionsTooLarge) ||
         end == to_string(H1Error::kTrailersTooLarge);
}

void check_encoded_anew(const std::string& payload, Rng& rng) {
  std::string wire;
  for (size_t at = 0; at < payload.size();) {
    const size_t size = std::min<size_t>(payload.size() - at, 1 + rng.below(100));
    wire.append(ChunkHeader(size).view()).append(payload, at, size).append(kChunkEnd);
    at += size;
  }
  wire += kLastChunk;
  const Body again = decode(wire, fuzz::random_ends(wire.size(), rng));
  WEIR_ASSERT(again.end == "done" && again.payload == payload && again.consumed == wire.size());
}

void run(std::string_view bytes) {
  Rng rng(fuzz::seed_of(bytes));
  const Body whole = decode(bytes, {bytes.size()});
  WEIR_ASSERT(decode(bytes, fuzz::random_ends(bytes.size(), rng)) == whole);
  const std::optional<std::string> expected = reference_payload(bytes);
  if (expected) {
    WEIR_ASSERT(is_size_limit(whole.end) || (whole.end == "done" && whole.payload == *expected));
  } else {
    WEIR_ASSERT(whole.end != "done");
  }
  if (whole.end == "done") check_encoded_anew(whole.payload, rng);
}

}  // namespace
}  // namespace weir::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::http::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
