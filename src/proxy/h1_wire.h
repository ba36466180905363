// H1Wire: one HTTP/1 connection's socket, its two buffers, and the framing of the body it writes.
// What callers' and upstreams' connections have in common.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/h1_writer.h"
#include "http/message.h"
#include "net/buffer.h"
#include "net/event_loop.h"
#include "net/socket.h"

namespace weir::proxy {

enum class Fill : uint8_t {
  kData,   ///< `in` holds more than before
  kEmpty,  ///< nothing has come; an event will tell
  kFull,   ///< `in` has no room
  kEnd,    ///< the peer sends no more
  kError,  ///< the connection is gone
};

/// Bounds itself: 16 KiB a direction (80 KiB while a large head passes). Follows an edge-triggered
/// descriptor: events are noted, and reads and writes happen only when they can succeed, so that
/// the usual request costs one of each. Not thread-safe.
class H1Wire {
 public:
  explicit H1Wire(net::SlabPool& slabs) noexcept : in(slabs), out(slabs) {}

  void open(net::Fd fd) noexcept;
  /// Closes the socket and gives the buffers back.
  void close() noexcept;
  int fd() const noexcept { return fd_.get(); }
  bool is_open() const noexcept { return static_cast<bool>(fd_); }

  void note_events(uint32_t events) noexcept;

  // Reading.
  Fill fill();
  bool readable() const noexcept { return readable_; }
  /// The peer has closed its sending side, or all; bytes may still be unread.
  bool hung_up() const noexcept { return hung_up_; }

  // Writing. Everything is appended to `out`, or sent at once when that saves a copy.
  /// Room for a head of up to `bytes`; `out` grows when needed. Finish with commit_head.
  http::HeadWriter head_writer(size_t bytes);
  void commit_head(const http::HeadWriter& writer) noexcept { out.commit(writer.size()); }
  void send_raw(std::string_view bytes);

  /// How the body that follows is framed.
  void begin_body(http::BodyFraming framing) noexcept { framing_ = framing; }
  /// How much was taken; the rest is offered again once the wire drained.
  size_t send_body(std::string_view payload);
  void send_trailer(const http::HeaderView& field);
  void end_body();

  /// Sends what `out` holds. False when some is left and an event must come first.
  bool flush();
  /// The kernel takes nothing more for now.
  bool blocked() const noexcept { return blocked_; }
  /// A read or write failed; close it.
  bool failed() const noexcept { return error_ != 0; }
  int error() const noexcept { return error_; }

  net::Buffer in;
  net::Buffer out;

 private:
  // Payloads up to this size are copied behind what waits in `out`: cheaper than a second iovec.
  static constexpr size_t kCopyMax = 4096;
  // Frame of a chunk: 16 digits, CR LF, CR LF after it. And what the end may need.
  static constexpr size_t kChunkFrame = 20;
  static constexpr size_t kEndReserve = 8;

  size_t room() const noexcept;
  size_t send_plain(std::string_view payload);
  size_t send_chunked(std::string_view payload);
  bool note_written(const net::IoResult& result, size_t asked) noexcept;

  net::Fd fd_;
  int error_ = 0;
  http::BodyFraming framing_;
  bool readable_ = false;
  bool hung_up_ = false;
  bool blocked_ = false;
  bool trailers_begun_ = false;
};

}  // namespace weir::proxy
