#include "net/socket.h"

#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace weir::net {
namespace {

IoResult write_result(ssize_t written) noexcept {
  if (written >= 0) return {IoStatus::kOk, 0, static_cast<size_t>(written), false};
  if (errno == EAGAIN || errno == EINTR) return {IoStatus::kWouldBlock, 0, 0, false};
  return {IoStatus::kError, errno, 0, false};
}

void set_option(int fd, int level, int name, int value) noexcept {
  setsockopt(fd, level, name, &value, sizeof value);
}

}  // namespace

IoResult read_some(int fd, std::span<char> room) noexcept {
  ssize_t got = 0;
  do {
    got = ::recv(fd, room.data(), room.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) return {IoStatus::kOk, 0, static_cast<size_t>(got), false};
  if (got == 0) return {IoStatus::kEnd, 0, 0, false};
  if (errno == EAGAIN) return {IoStatus::kWouldBlock, 0, 0, false};
  return {IoStatus::kError, errno, 0, false};
}

IoResult write_some(int fd, std::span<const char> bytes) noexcept {
  return write_result(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

IoResult write_some(int fd, std::span<const iovec> pieces) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return write_result(::sendmsg(fd, &message, MSG_NOSIGNAL));
}

Expected<Fd> open_connection(const Address& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  int error = fd ? 0 : errno;
  if (fd) {
    if (!address.is_unix()) set_no_delay(fd.get());
    if (::connect(fd.get(), address.data(), address.size()) == 0 || errno == EINPROGRESS) return fd;
    error = errno;
  }
  const bool no_fds = error == EMFILE || error == ENFILE;
  return Unexpected<Error>(
      Error{ErrorKind::kUnavailable,
            "cannot connect to " + address.to_string() + ": " + describe_errno(error),
            no_fds ? "raise the limit of open files (ulimit -n)" : "check that it is running"});
}

int connect_error(int fd) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

void set_no_delay(int fd) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}
void set_send_buffer(int fd, int bytes) noexcept {
  set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}
void set_receive_buffer(int fd, int bytes) noexcept {
  set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

void set_unsent_max(int fd, int bytes) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, bytes);
}

void set_reset_on_close(int fd) noexcept {
  const linger drop{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &drop, sizeof drop);
}

std::string describe_errno(int error) {
  return std::generic_category().message(error);
}

}  // namespace weir::net
