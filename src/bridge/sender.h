// Sender: how records get to the service, whatever the protocol.
#pragma once

#include <memory>

#include "bridge/options.h"
#include "bridge/retry_router.h"
#include "net/event_loop.h"
#include "weir/base/expected.h"

namespace weir::bridge {

/// Hears how deliveries end, in the loop's thread, never from within send().
class SendSink {
 public:
  virtual void answered(Record& record, const Delivery& delivery) = 0;

 protected:
  ~SendSink() = default;
};

/// Belongs to one loop.
class Sender {
 public:
  virtual ~Sender() = default;

  /// Begins a delivery; the record must stay until it is answered.
  virtual void send(Record& record) = 0;

  /// Of options.protocol. Errors: kUsage for a bad URL, kUnavailable for an unknown name (resolved
  /// once, at start).
  static Expected<std::unique_ptr<Sender>> make(net::EventLoop& loop, const DeliverOptions& options,
                                                SendSink& sink);
};

}  // namespace weir::bridge
