// Wire: one connection's socket and its two buffers; what connections of every protocol have in
// common, to callers and to upstreams.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/buffer.h"
#include "net/event_loop.h"
#include "net/transport.h"

namespace weir::proxy {

enum class Establish : uint8_t {
  kDone,
  kAgain,    ///< an event must come first
  kRefused,  ///< nobody listens there, or cannot be reached
  kTlsFailed,
};

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
class Wire {
 public:
  explicit Wire(net::SlabPool& slabs) noexcept : in(slabs), out(slabs) {}

  void open(net::Transport transport) noexcept;
  /// Closes the socket and gives the buffers back.
  void close() noexcept;
  /// Hands the socket over to another owner; the buffers stay.
  net::Transport release() noexcept { return std::move(transport_); }
  int fd() const noexcept { return transport_.fd(); }
  bool is_open() const noexcept { return static_cast<bool>(transport_); }
  net::TlsSession* tls() const noexcept { return transport_.tls(); }

  /// Goes on with making the connection, after an event: of the socket, then of TLS.
  Establish establish();

  void note_events(uint32_t events) noexcept;

  // Reading.
  Fill fill();
  bool readable() const noexcept { return readable_; }
  /// The peer has closed its sending side, or all; bytes may still be unread.
  bool hung_up() const noexcept { return hung_up_; }

  // Writing.
  /// Sends what `out` holds. False when some is left and an event must come first.
  bool flush();
  /// Nothing waits to be sent, here or in TLS.
  bool drained() const noexcept { return out.empty() && !transport_.pending(); }
  /// Tells the peer that we send no more; reading goes on.
  void finish() noexcept { transport_.finish(); }
  /// The kernel takes nothing more for now.
  bool blocked() const noexcept { return blocked_; }
  /// A read or write failed; close it.
  bool failed() const noexcept { return error_ != 0; }
  int error() const noexcept { return error_; }

  net::Buffer in;
  net::Buffer out;

 protected:
  /// Sends `out` and then `payload` in one call; how much of the payload went.
  size_t send_now(std::string_view payload);
  void fail(int error) noexcept { error_ = error; }

 private:
  bool note_written(const net::IoResult& result, size_t asked) noexcept;

  net::Transport transport_;
  int error_ = 0;
  bool readable_ = false;
  bool hung_up_ = false;
  bool blocked_ = false;
};

}  // namespace weir::proxy
