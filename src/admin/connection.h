// Connection: one client of the admin address, from bytes to bytes.
#pragma once

#include <string>

#include "admin/routes.h"
#include "http/h1_parser.h"
#include "net/buffer.h"
#include "net/event_loop.h"
#include "net/socket.h"

namespace weir::admin {

class Connection;

/// Whoever owns connections; told when one has ended, and destroys it then.
class ConnectionOwner {
 public:
  virtual void on_closed(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

/// Reads one request at a time, answers it whole, and keeps the connection when the client wants
/// it. A request and its answer have kExchangeMax together, so slow clients cannot hold places.
/// Request bodies are never read: a request with one gets its answer and then the end. Belongs to
/// one loop.
class Connection final : private net::IoHandler {
 public:
  Connection(net::EventLoop& loop, net::SlabPool& slabs, net::Fd socket, const Routes& routes,
             ConnectionOwner& owner);
  ~Connection();

  static constexpr Duration kExchangeMax = std::chrono::seconds(30);
  /// No admin request needs more; browsers send 1 to 2 KiB.
  static constexpr uint32_t kHeadBytesMax = 8 * 1024;

 private:
  void on_io(uint32_t events) override;
  void on_timeout() { close(); }
  void close() { owner_.on_closed(*this); }  // destroys this

  bool read();
  bool write();
  bool serve();
  void answer(const http::RequestHead& head);
  void refuse(http::H1Error error);
  void queue(const Answer& answer, bool with_body);

  net::EventLoop& loop_;
  net::Fd socket_;
  const Routes& routes_;
  ConnectionOwner& owner_;
  net::Timer timeout_;
  net::Buffer in_;
  http::RequestHead head_;
  std::string out_;
  size_t written_ = 0;
  bool end_of_input_ = false;
  bool keep_alive_ = true;
};

}  // namespace weir::admin
