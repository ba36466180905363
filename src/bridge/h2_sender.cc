#include "bridge/h2_sender.h"

#include <algorithm>

#include "bridge/h2_connection.h"

namespace weir::bridge {

H2Sender::H2Sender(net::EventLoop& loop, const DeliverOptions& options, SendSink& sink,
                   const std::vector<SendTarget>& targets)
    : loop_(loop),
      options_(options),
      sink_(sink),
      bury_(net::Callback::to<&H2Sender::bury>(this)) {
  for (const SendTarget& target : targets) endpoints_.push_back({target, {}});
}

H2Sender::~H2Sender() = default;

void H2Sender::send(Record& record) {
  connection_to(endpoints_[turn_++ % endpoints_.size()]).send(record);
}

// The first with room, so that few connections carry much and the others grow idle.
H2Sender::Connection& H2Sender::connection_to(Endpoint& endpoint) {
  for (const auto& connection : endpoint.connections)
    if (connection->has_room()) return *connection;
  return *endpoint.connections.emplace_back(std::make_unique<Connection>(*this, endpoint));
}

void H2Sender::retire(Connection& connection) {
  for (Endpoint& endpoint : endpoints_) {
    const auto found =
        std::find_if(endpoint.connections.begin(), endpoint.connections.end(),
                     [&](const auto& candidate) { return candidate.get() == &connection; });
    if (found == endpoint.connections.end()) continue;
    retired_.push_back(std::move(*found));
    endpoint.connections.erase(found);
    return loop_.post(bury_);
  }
}

void H2Sender::bury() {
  retired_.clear();
}

}  // namespace weir::bridge
