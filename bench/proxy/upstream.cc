// An upstream that costs next to nothing: a fixed answer of 1 KiB to everything that ends with an
// empty line, or of 100 KiB for the path /100K. One thread. `--hang` takes
// requests and never answers; `--small` answers as many bytes as a refusal has.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <list>
#include <string>
#include <string_view>

#include "net/event_loop.h"
#include "net/listener.h"
#include "net/socket.h"

namespace {

using weir::net::EventLoop;
using weir::net::Fd;

class Upstream;

class Connection final : public weir::net::IoHandler {
 public:
  Connection(Upstream& owner, Fd fd) : owner_(owner), fd_(std::move(fd)) {}
  void on_io(uint32_t events) override;
  int fd() const { return fd_.get(); }

 private:
  Upstream& owner_;
  Fd fd_;
};

class Upstream final : public weir::net::AcceptHandler {
 public:
  Upstream(EventLoop& loop, bool hangs, size_t size)
      : loop_(loop), hangs_(hangs), answer_(make_answer(size)), large_(make_answer(100 * 1024)) {}

  static std::string make_answer(size_t size) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
           std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
  }

  void on_accept(Fd fd, const weir::net::Address&) override {
    Connection& connection = connections_.emplace_back(*this, std::move(fd));
    loop_.add(connection.fd(), connection, EPOLLIN | EPOLLRDHUP | EPOLLET);
  }

  void answer(int fd, std::string_view received) {
    if (hangs_ || !received.ends_with("\r\n\r\n")) return;
    const bool wants_large = received.starts_with("GET /100K ");
    std::string_view left = wants_large ? large_ : answer_;
    // A large answer may need several turns of the kernel's buffer; the proxies read at once.
    while (!left.empty()) {
      const weir::net::IoResult sent = weir::net::write_some(fd, left);
      if (sent.status == weir::net::IoStatus::kError) return;
      left.remove_prefix(sent.bytes);
    }
  }

  // Connections that ended stay in the list: their number is small and the run is short.
  void forget(Connection& connection) { loop_.remove(connection.fd(), connection); }

 private:
  EventLoop& loop_;
  bool hangs_;
  std::string answer_;
  std::string large_;
  std::list<Connection> connections_;
};

void Connection::on_io(uint32_t) {
  std::array<char, 16 * 1024> room;
  const weir::net::IoResult result = weir::net::read_some(fd_.get(), room);
  switch (result.status) {
    case weir::net::IoStatus::kOk: return owner_.answer(fd_.get(), {room.data(), result.bytes});
    case weir::net::IoStatus::kWouldBlock: return;
    case weir::net::IoStatus::kEnd:
    case weir::net::IoStatus::kError:
      owner_.forget(*this);
      fd_.reset();
      return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  constexpr size_t kRefusalBodyBytes = 480;
  const size_t size = mode == "--small" ? kRefusalBodyBytes : 1024;
  auto sockets = weir::net::open_listeners(weir::net::Address(), 1);
  if (!sockets) return 1;
  EventLoop loop;
  Upstream upstream(loop, mode == "--hang", size);
  weir::net::Listener listener(loop, std::move(sockets->front()), upstream);
  std::printf("%u\n", static_cast<unsigned>(listener.address().port()));
  std::fflush(stdout);
  loop.run();
}
