// H2Sender: records to a service over HTTP/2 or gRPC, many at a time on one connection.
#pragma once

#include <memory>
#include <vector>

#include "bridge/http_request.h"
#include "bridge/sender.h"
#include "net/socket.h"

namespace weir::bridge {

/// Cleartext HTTP/2 with prior knowledge. A connection carries as many records as the service
/// allows, at most 100; further ones are opened when all are full, so there are never more than
/// records in flight. Endpoints take turns. A stream that the service refused, or that a GOAWAY
/// left out, counts as unreachable: nothing was done with it. Belongs to one loop.
class H2Sender final : public Sender {
 public:
  /// `targets` is not empty.
  H2Sender(net::EventLoop& loop, const DeliverOptions& options, SendSink& sink,
           const std::vector<SendTarget>& targets);
  ~H2Sender() override;

  void send(Record& record) override;

 private:
  class Connection;
  struct Endpoint {
    SendTarget target;
    std::vector<std::unique_ptr<Connection>> connections;
  };

  Connection& connection_to(Endpoint& endpoint);
  void retire(Connection& connection);
  void bury();

  net::EventLoop& loop_;
  const DeliverOptions& options_;
  SendSink& sink_;
  RequestFields fields_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::unique_ptr<Connection>> retired_;  // closed, until the loop's turn has ended
  net::Task bury_;
  size_t turn_ = 0;
};

}  // namespace weir::bridge
