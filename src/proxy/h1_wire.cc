#include "proxy/h1_wire.h"

#include <algorithm>
#include <cerrno>

#include "http/h1_body.h"
#include "weir/base/assert.h"

namespace weir::proxy {

http::HeadWriter H1Wire::head_writer(size_t bytes) {
  std::span<char> room = out.prepare();
  if (room.size() < bytes) {
    out.grow();
    room = out.prepare();
  }
  return {room.data(), room.size()};
}

// For what is small and was provided for by reserves.
void H1Wire::send_raw(std::string_view bytes) {
  const size_t taken = out.append(bytes);
  WEIR_ASSERT(taken == bytes.size());
}

size_t H1Wire::room() const noexcept {
  const size_t capacity = net::SlabPool::kSlab - kEndReserve;
  return out.size() >= capacity ? 0 : capacity - out.size();
}

size_t H1Wire::send_body(std::string_view payload) {
  if (failed()) return payload.size();  // nobody will read it; the owner closes soon
  switch (framing_.kind) {
    case http::BodyKind::kChunked: return send_chunked(payload);
    case http::BodyKind::kLength:
    case http::BodyKind::kUntilClose: return send_plain(payload);
    case http::BodyKind::kNone: break;
  }
  WEIR_ASSERT(false);
  return 0;
}

size_t H1Wire::send_plain(std::string_view payload) {
  if (payload.size() <= kCopyMax && payload.size() <= room()) return out.append(payload);
  return blocked() ? 0 : send_now(payload);
}

size_t H1Wire::send_chunked(std::string_view payload) {
  size_t taken = 0;
  while (taken < payload.size()) {
    if (room() <= kChunkFrame && !flush()) break;
    if (failed()) return payload.size();
    const size_t size = std::min(payload.size() - taken, room() - kChunkFrame);
    send_raw(http::ChunkHeader(size).view());
    send_raw(payload.substr(taken, size));
    send_raw(http::kChunkEnd);
    taken += size;
  }
  return taken;
}

void H1Wire::send_trailer(const http::HeaderView& field) {
  if (framing_.kind != http::BodyKind::kChunked || http::is_forbidden_trailer(field.id)) return;
  const size_t needed = field.name.size() + field.value.size() + 4 + http::kLastChunk.size();
  if (out.size() + needed > net::SlabPool::kSlab) out.grow();
  if (out.size() + needed > net::SlabPool::kLargeSlab) return fail(EMSGSIZE);
  if (!trailers_begun_) send_raw(http::kLastChunkBeforeTrailers);
  trailers_begun_ = true;
  send_raw(field.name);
  send_raw(": ");
  send_raw(field.value);
  send_raw("\r\n");
}

void H1Wire::end_body() {
  if (framing_.kind == http::BodyKind::kChunked)
    send_raw(trailers_begun_ ? http::kChunkEnd : http::kLastChunk);
  trailers_begun_ = false;
  framing_ = {};
}

}  // namespace weir::proxy
