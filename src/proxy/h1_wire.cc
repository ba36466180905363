#include "proxy/h1_wire.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "http/h1_body.h"
#include "weir/base/assert.h"

namespace weir::proxy {

void H1Wire::open(net::Fd fd) noexcept {
  fd_ = std::move(fd);
  error_ = 0;
  readable_ = hung_up_ = blocked_ = trailers_begun_ = false;
}

void H1Wire::close() noexcept {
  fd_.reset();
  in.release();
  out.release();
}

void H1Wire::note_events(uint32_t events) noexcept {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) blocked_ = false;
}

Fill H1Wire::fill() {
  if (!readable_) return Fill::kEmpty;
  const std::span<char> room = in.prepare();
  if (room.empty()) return Fill::kFull;
  const net::IoResult result = net::read_some(fd_.get(), room);
  switch (result.status) {
    case net::IoStatus::kOk:
      in.commit(result.bytes);
      // A short read has emptied the socket, so asking again would only bring EAGAIN. After a
      // hang-up the end itself is still to be read.
      if (result.bytes < room.size() && !hung_up_) readable_ = false;
      return Fill::kData;
    case net::IoStatus::kWouldBlock:
      readable_ = false;
      if (in.empty()) in.release();
      return Fill::kEmpty;
    case net::IoStatus::kEnd:
      hung_up_ = true;
      if (in.empty()) in.release();
      return Fill::kEnd;
    case net::IoStatus::kError:
      error_ = result.error;
      if (in.empty()) in.release();
      return Fill::kError;
  }
  return Fill::kError;
}

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
  if (blocked_) return 0;
  const std::string_view waiting = out.readable();
  const std::array<iovec, 2> pieces = {iovec{const_cast<char*>(waiting.data()), waiting.size()},
                                       iovec{const_cast<char*>(payload.data()), payload.size()}};
  const auto used = std::span(pieces).subspan(waiting.empty() ? 1 : 0);
  const net::IoResult result = net::write_some(fd_.get(), used);
  note_written(result, waiting.size() + payload.size());
  const size_t old = std::min(result.bytes, waiting.size());
  out.consume(old);
  return failed() ? payload.size() : result.bytes - old;
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

// True when all of it went.
bool H1Wire::note_written(const net::IoResult& result, size_t asked) noexcept {
  if (result.status == net::IoStatus::kError) error_ = result.error;
  blocked_ = result.bytes < asked;
  return !blocked_;
}

bool H1Wire::flush() {
  if (out.empty()) return true;
  if (blocked_) return false;
  if (failed()) {
    out.release();
    return true;
  }
  const size_t asked = out.size();
  const net::IoResult result = net::write_some(fd_.get(), out.readable());
  const bool all = note_written(result, asked);
  if (failed()) {
    out.release();
    return true;
  }
  out.consume(result.bytes);
  return all;
}

}  // namespace weir::proxy
