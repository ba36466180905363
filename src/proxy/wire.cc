#include "proxy/wire.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

namespace weir::proxy {

// TLS may have read more of the socket than it gave out, of which no event will tell.
void Wire::open(net::Transport transport) noexcept {
  transport_ = std::move(transport);
  error_ = 0;
  readable_ = transport_.tls() != nullptr;
  hung_up_ = blocked_ = false;
}

void Wire::close() noexcept {
  transport_.reset();
  in.release();
  out.release();
}

Establish Wire::establish() {
  if (net::connect_error(fd()) != 0) return Establish::kRefused;
  if (tls() == nullptr) return Establish::kDone;
  switch (tls()->handshake()) {
    case net::TlsStep::kDone: readable_ = true; return Establish::kDone;
    case net::TlsStep::kAgain: return Establish::kAgain;
    case net::TlsStep::kFailed: return Establish::kTlsFailed;
  }
  return Establish::kTlsFailed;
}

void Wire::note_events(uint32_t events) noexcept {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) blocked_ = false;
}

Fill Wire::fill() {
  if (!readable_) return Fill::kEmpty;
  const std::span<char> room = in.prepare();
  if (room.empty()) return Fill::kFull;
  const net::IoResult result = transport_.read(room);
  switch (result.status) {
    case net::IoStatus::kOk:
      in.commit(result.bytes);
      // A short read has emptied the socket, so asking again would only bring EAGAIN. After a
      // hang-up the end itself is still to be read.
      if (result.bytes < room.size() && !hung_up_ && !result.more) readable_ = false;
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

size_t Wire::send_now(std::string_view payload) {
  const std::string_view waiting = out.readable();
  const std::array<iovec, 2> pieces = {iovec{const_cast<char*>(waiting.data()), waiting.size()},
                                       iovec{const_cast<char*>(payload.data()), payload.size()}};
  const auto used = std::span(pieces).subspan(waiting.empty() ? 1 : 0);
  const net::IoResult result = transport_.write(used);
  note_written(result, waiting.size() + payload.size());
  const size_t old = std::min(result.bytes, waiting.size());
  out.consume(old);
  return failed() ? payload.size() : result.bytes - old;
}

// True when all of it went.
bool Wire::note_written(const net::IoResult& result, size_t asked) noexcept {
  if (result.status == net::IoStatus::kError) error_ = result.error;
  blocked_ = result.bytes < asked || transport_.pending();
  return !blocked_;
}

bool Wire::flush() {
  if (drained()) return true;
  if (blocked_) return false;
  if (failed()) {
    out.release();
    return true;
  }
  const size_t asked = out.size();
  const net::IoResult result = transport_.write(std::span<const char>(out.readable()));
  const bool all = note_written(result, asked);
  if (failed()) {
    out.release();
    return true;
  }
  out.consume(result.bytes);
  return all;
}

}  // namespace weir::proxy
