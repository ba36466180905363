#include "bridge/sender.h"

#include "bridge/h2_sender.h"
#include "bridge/http_sender.h"

namespace weir::bridge {
namespace {

template <typename Made>
Expected<std::unique_ptr<Sender>> as_sender(Expected<std::unique_ptr<Made>> made) {
  if (!made) return Unexpected<Error>(made.error());
  return std::unique_ptr<Sender>(std::move(*made));
}

}  // namespace

Expected<std::unique_ptr<Sender>> Sender::make(net::EventLoop& loop, const DeliverOptions& options,
                                               SendSink& sink) {
  switch (options.protocol) {
    case Protocol::kHttp1: return as_sender(HttpSender::make(loop, options, sink));
    case Protocol::kHttp2:
    case Protocol::kGrpc: return as_sender(H2Sender::make(loop, options, sink));
  }
  return Unexpected<Error>(Error{ErrorKind::kInternal, "no such protocol", ""});
}

}  // namespace weir::bridge
