// Sockets: non-blocking reads and writes whose results say what to do next, and socket options.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "net/address.h"
#include "net/fd.h"

namespace weir::net {

enum class IoStatus : uint8_t {
  kOk,          ///< `bytes` were moved; more than none
  kWouldBlock,  ///< nothing now; an event will come
  kEnd,         ///< the peer has finished sending
  kError,       ///< the connection is gone; `error` is its errno
};

struct IoResult {
  IoStatus status = IoStatus::kOk;
  int error = 0;
  size_t bytes = 0;
  bool more = false;  ///< read again, although the result is short
};

/// At most `room.size()` bytes. A result shorter than the room means that the socket is empty now,
/// so that an edge-triggered reader need not read again to see EAGAIN.
IoResult read_some(int fd, std::span<char> room) noexcept;

/// Never raises SIGPIPE. A result shorter than asked means that the send buffer is full now.
IoResult write_some(int fd, std::span<const char> bytes) noexcept;
IoResult write_some(int fd, std::span<const iovec> pieces) noexcept;

/// Begins to connect, without waiting. The first writable event tells the end: see connect_error().
/// The caller owns the time-out (a Timer). Errors: kUnavailable.
Expected<Fd> open_connection(const Address& address);

/// 0 when the connection stands, else the errno of the attempt.
int connect_error(int fd) noexcept;

/// Sends small writes at once; every connection of a proxy wants it. No effect on Unix sockets.
void set_no_delay(int fd) noexcept;

/// Caps what the kernel buffers a direction, in bytes; it doubles the value for its own
/// bookkeeping. Without a cap a stalled peer pulls up to tcp_wmem's maximum, 4 MiB by default, out
/// of the sender.
void set_send_buffer(int fd, int bytes) noexcept;
void set_receive_buffer(int fd, int bytes) noexcept;

/// Caps only the bytes that are not yet sent (TCP_NOTSENT_LOWAT): what a stalled peer will not take
/// stays with whoever produces it, while the kernel still keeps as many in flight as the path
/// needs.
void set_unsent_max(int fd, int bytes) noexcept;

/// Makes close() send a reset, dropping unsent data: for peers that are being cut off.
void set_reset_on_close(int fd) noexcept;

/// The sentence for an errno, for example "Connection refused".
std::string describe_errno(int error);

}  // namespace weir::net
