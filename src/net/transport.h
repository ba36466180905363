// Transport: a connection's way to move bytes, a socket with TLS on it or without.
#pragma once

#include <memory>
#include <utility>

#include "net/socket.h"
#include "net/tls.h"

namespace weir::net {

/// Owns the socket. Move-only; not thread-safe.
class Transport {
 public:
  Transport() noexcept = default;
  explicit Transport(Fd fd, std::unique_ptr<TlsSession> tls = nullptr) noexcept
      : fd_(std::move(fd)), tls_(std::move(tls)) {}
  Transport(Transport&&) noexcept = default;
  Transport& operator=(Transport&& other) noexcept {
    reset();
    fd_ = std::move(other.fd_);
    tls_ = std::move(other.tls_);
    return *this;
  }

  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  int fd() const noexcept { return fd_.get(); }
  TlsSession* tls() const noexcept { return tls_.get(); }

  // As read_some and write_some.
  IoResult read(std::span<char> room) {
    return tls_ == nullptr ? read_some(fd_.get(), room) : tls_->read(room);
  }
  IoResult write(std::span<const iovec> pieces) {
    return tls_ == nullptr ? write_some(fd_.get(), pieces) : tls_->write(pieces);
  }
  IoResult write(std::span<const char> bytes) {
    if (tls_ == nullptr) return write_some(fd_.get(), bytes);
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    return tls_->write(std::span(&piece, 1));
  }
  /// Some of what was written waits for the socket: write again when it is writable.
  bool pending() const noexcept { return tls_ != nullptr && tls_->pending(); }
  /// Tells the peer that we send no more.
  void finish() noexcept;

  void reset() noexcept {
    tls_.reset();
    fd_.reset();
  }

 private:
  Fd fd_;
  std::unique_ptr<TlsSession> tls_;  // goes first
};

}  // namespace weir::net
