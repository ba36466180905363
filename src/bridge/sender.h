// Sender: how records get to the service, whatever the protocol.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/options.h"
#include "bridge/retry_router.h"
#include "net/address.h"
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

/// One address of the service.
struct SendTarget {
  net::Address address;
  std::string authority;  ///< for Host and :authority
};

// What the senders of all protocols have in common.
/// A host that is up answers a SYN in milliseconds; a lost SYN is repeated after 1 s, two after 3.
constexpr Duration kConnectMax = std::chrono::seconds(5);
/// Of an error's body, for the record's error header.
constexpr size_t kSnippetBytes = 200;
/// Since 1970, for a Retry-After that names a date.
int64_t wall_seconds() noexcept;

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
