#include "net/listener.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "weir/base/assert.h"

namespace weir::net {
namespace {

using namespace std::chrono_literals;

Unexpected<Error> listen_error(const Address& address, int error) {
  std::string remedy = "check the address";
  if (error == EADDRINUSE) {
    remedy = "another process listens there (ss -ltnp shows which); stop it or choose another port";
  } else if (error == EACCES) {
    remedy = "choose a port from 1024 up, or give the process CAP_NET_BIND_SERVICE";
  } else if (error == EADDRNOTAVAIL) {
    remedy = "no interface of this machine has that address (ip addr lists them)";
  }
  return Unexpected<Error>(Error{
      ErrorKind::kUnavailable,
      "cannot listen on " + address.to_string() + ": " + describe_errno(error), std::move(remedy)});
}

void set_flag(int fd, int level, int name) noexcept {
  const int one = 1;
  setsockopt(fd, level, name, &one, sizeof one);
}

// A bound socket, or an invalid one with errno set.
Fd bind_socket(const Address& address, bool shared) noexcept {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fd;
  if (!address.is_unix()) {
    set_flag(fd.get(), SOL_SOCKET, SO_REUSEADDR);
    if (shared) set_flag(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  }
  if (::bind(fd.get(), address.data(), address.size()) == 0) return fd;
  const int error = errno;
  fd.reset();
  errno = error;
  return fd;
}

// A socket file that nobody listens on is left over from a process that died.
void remove_stale_path(const Address& address) noexcept {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const std::string path = address.to_string().substr(5);
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return;
  if (::connect(probe.get(), address.data(), address.size()) != 0 && errno == ECONNREFUSED)
    ::unlink(path.c_str());
}

}  // namespace

Address bound_address(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  return Address::from(reinterpret_cast<const sockaddr*>(&storage), size);
}

Address peer_address(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  return Address::from(reinterpret_cast<const sockaddr*>(&storage), size);
}

Expected<std::vector<Fd>> open_listeners(const Address& address, int count,
                                         const ListenOptions& options) {
  if (address.is_unix()) {
    remove_stale_path(address);
    count = 1;
  }
  Address bound = address;
  if (!address.is_unix()) {
    const Fd probe = bind_socket(address, false);
    if (!probe) return listen_error(address, errno);
    bound = bound_address(probe.get());
  }
  std::vector<Fd> sockets;
  for (int i = 0; i < count; ++i) {
    Fd fd = bind_socket(bound, true);
    if (!fd || ::listen(fd.get(), options.backlog) != 0) return listen_error(bound, errno);
    sockets.push_back(std::move(fd));
  }
  return sockets;
}

Listener::Listener(EventLoop& loop, Fd socket, AcceptHandler& handler)
    : loop_(loop),
      socket_(std::move(socket)),
      handler_(handler),
      again_(loop.timers(), Callback::to<&Listener::resume>(this)) {
  const bool added = loop_.add(socket_.get(), *this, EPOLLIN);
  WEIR_ASSERT(added);  // at the start, before connections
}

Listener::~Listener() {
  stop();
}

void Listener::stop() noexcept {
  if (!socket_) return;
  again_.cancel();
  loop_.remove(socket_.get(), *this);
  socket_.reset();
}

void Listener::on_io(uint32_t) {
  accept_some();
}

void Listener::pause() noexcept {
  if (!socket_ || std::exchange(paused_, true)) return;
  loop_.modify(socket_.get(), *this, 0);
}

void Listener::resume() noexcept {
  if (!socket_ || !std::exchange(paused_, false)) return;
  loop_.modify(socket_.get(), *this, EPOLLIN);
}

void Listener::accept_some() {
  for (int i = 0; i < kAcceptBatch && socket_ && !paused_; ++i) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    Fd connection(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection) {
      if (storage.ss_family != AF_UNIX) set_no_delay(connection.get());
      handler_.on_accept(std::move(connection),
                         Address::from(reinterpret_cast<const sockaddr*>(&storage), size));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      ++exhausted_count_;
      pause();
      again_.arm(loop_.now() + 100ms);
      return;
    }
    break;
  }
}

}  // namespace weir::net
