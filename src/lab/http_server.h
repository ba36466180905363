// A plain HTTP/1.1 server for the lab: whole requests in, answers out whenever the owner has them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/message.h"
#include "net/buffer.h"
#include "net/listener.h"

namespace weir::lab {

/// Names one request until it is answered; never reused.
using ExchangeId = uint64_t;

struct Answer {
  int status = 200;
  std::string_view content_type = "text/plain";
  std::string body{};
  /// Bytes of filler that follow `body`; they cost no memory.
  uint64_t filler_bytes = 0;
};

/// Gets what the server's clients do.
class RequestHandler {
 public:
  /// The request's body has been read and dropped. `head` is valid during the call only. The
  /// handler may answer at once or later.
  virtual void on_request(ExchangeId exchange, const http::RequestHead& head) = 0;
  /// The client of an unanswered request hung up.
  virtual void on_caller_left(ExchangeId exchange) = 0;

 protected:
  ~RequestHandler() = default;
};

/// Belongs to one loop, which must outlive it. Requests of one connection are taken one by one.
class HttpServer final : private net::AcceptHandler {
 public:
  /// Each holds about 3 KiB and a descriptor; beyond it new connections are closed at once.
  static constexpr size_t kConnectionsMax = 16'000;

  HttpServer(net::EventLoop& loop, net::Fd listening_socket, RequestHandler& handler);
  ~HttpServer();

  /// Does nothing if the caller has left.
  void answer(ExchangeId exchange, const Answer& answer);

  net::Address address() const { return listener_.address(); }
  size_t connections() const { return connections_.size(); }

 private:
  class Connection;

  void on_accept(net::Fd connection, const net::Address& peer) override;
  void retire(Connection& connection);

  net::EventLoop& loop_;
  RequestHandler& handler_;
  net::SlabPool slabs_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::unordered_map<ExchangeId, Connection*> exchanges_;
  // Connections end inside their own methods; they are destroyed when those have returned.
  std::vector<std::unique_ptr<Connection>> dead_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for functions posted to the loop
  ExchangeId last_exchange_ = 0;
  net::Listener listener_;
};

}  // namespace weir::lab
