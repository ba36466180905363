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
/// Request bodies are never read: a request with one gets its answer and then the end. A feed is
/// the last answer of its connection; its reader has kExchangeMax for what one pull gave. Belongs
/// to one loop.
class Connection final : private net::IoHandler {
 public:
  Connection(net::EventLoop& loop, net::SlabPool& slabs, net::Fd socket, const Routes& routes,
             ConnectionOwner& owner);
  ~Connection();

  static constexpr Duration kExchangeMax = std::chrono::seconds(30);
  /// No admin request needs more; browsers send 1 to 2 KiB.
  static constexpr uint32_t kHeadBytesMax = 8 * 1024;
  /// A feed with nothing to say sends a comment this often, so that both sides see who has gone.
  static constexpr Duration kAliveEvery = std::chrono::seconds(10);

 private:
  void on_io(uint32_t events) override;
  void on_timeout() { close(); }
  void close() { owner_.on_closed(*this); }  // destroys this

  void feed_on();
  void pull_feed();
  bool read();
  bool write();
  bool serve();
  void answer(const http::RequestHead& head);
  void refuse(http::H1Error error);
  void queue(Answer answer, bool with_body);

  net::EventLoop& loop_;
  net::Fd socket_;
  const Routes& routes_;
  ConnectionOwner& owner_;
  net::Timer timeout_;
  net::Timer feed_timer_;
  net::Buffer in_;
  http::RequestHead head_;
  std::string out_;
  size_t written_ = 0;
  std::unique_ptr<Feed> feed_;
  Instant spoke_at_{};  // when the feed last gave something
  bool end_of_input_ = false;
  bool keep_alive_ = true;
};

}  // namespace weir::admin
