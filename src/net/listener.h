// Listener: accepts connections for one loop.
#pragma once

#include <vector>

#include "net/event_loop.h"
#include "net/socket.h"

namespace weir::net {

struct ListenOptions {
  /// Connections the kernel holds while the loop is busy; it also applies net.core.somaxconn.
  int backlog = 1024;
};

/// Opens `count` listening sockets on one address, so that each loop has its own and the kernel
/// spreads connections over them (SO_REUSEPORT). Port 0 picks one port for all; read it with
/// bound_address(). A Unix path gets one socket only, and a stale one is replaced. Errors:
/// kUnavailable when another socket holds the address or it is not ours to have. SO_REUSEPORT would
/// let a second process of the same user share the port silently; the address is therefore first
/// tried without it.
Expected<std::vector<Fd>> open_listeners(const Address& address, int count,
                                         const ListenOptions& options = {});

/// The address a socket is bound to, and the one it is connected to.
Address bound_address(int fd) noexcept;
Address peer_address(int fd) noexcept;

/// Gets accepted connections: non-blocking, close-on-exec, TCP_NODELAY.
class AcceptHandler {
 public:
  virtual void on_accept(Fd connection, const Address& peer) = 0;

 protected:
  ~AcceptHandler() = default;
};

/// Belongs to one loop, which must outlive it. When the process is out of descriptors it stops
/// accepting for 100 ms instead of spinning, and counts that.
class Listener final : private IoHandler {
 public:
  Listener(EventLoop& loop, Fd socket, AcceptHandler& handler);
  ~Listener();

  /// Closes the socket: the kernel refuses new connections from then on.
  void stop() noexcept;
  /// Leaves new connections in the kernel's queue until resume().
  void pause() noexcept;
  void resume() noexcept;
  bool stopped() const noexcept { return !socket_; }

  Address address() const noexcept { return bound_address(socket_.get()); }
  uint64_t exhausted_count() const noexcept { return exhausted_count_; }

 private:
  // Accepted in one turn, at most: a flood of connections must not starve those that stand.
  static constexpr int kAcceptBatch = 64;

  void on_io(uint32_t events) override;
  void accept_some();

  EventLoop& loop_;
  Fd socket_;
  AcceptHandler& handler_;
  Timer again_;
  bool paused_ = false;
  uint64_t exhausted_count_ = 0;  // turns cut short by EMFILE and its like
};

}  // namespace weir::net
