// HttpSender: records to a service over HTTP/1.1, one connection for each in flight.
#pragma once

#include <memory>
#include <vector>

#include "bridge/sender.h"
#include "net/socket.h"

namespace weir::bridge {

/// Keeps connections alive and takes them last in, first out, so that those a quiet time leaves
/// over grow old and are closed. Endpoints take turns. Its bound is the caller's: as many
/// connections as records were in flight at once, at most in_flight_max. Belongs to one loop.
class HttpSender final : public Sender {
 public:
  /// `targets` is not empty.
  HttpSender(net::EventLoop& loop, const DeliverOptions& options, SendSink& sink,
             const std::vector<SendTarget>& targets);
  ~HttpSender() override;

  void send(Record& record) override;

  size_t active() const noexcept { return active_; }
  size_t connections() const noexcept { return connections_.size(); }

 private:
  class Connection;
  struct Endpoint {
    SendTarget target;
    std::vector<Connection*> idle;
  };

  Connection& connection_to(size_t endpoint);
  void finished(Connection& connection, bool reusable, const Delivery& delivery);
  void remove(Connection& connection);

  net::EventLoop& loop_;
  const DeliverOptions& options_;
  SendSink& sink_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> retired_;  // closed, until the loop's turn has ended
  net::Task bury_;
  void bury();
  size_t turn_ = 0;
  size_t active_ = 0;
};

}  // namespace weir::bridge
