#include "bridge/sender.h"

#include <chrono>

#include "bridge/h2_sender.h"
#include "bridge/http_sender.h"
#include "net/url.h"
#include "weir/base/assert.h"

namespace weir::bridge {
namespace {

Expected<std::vector<SendTarget>> resolve(const std::vector<std::string>& urls) {
  WEIR_ASSERT(!urls.empty());
  std::vector<SendTarget> targets;
  for (const std::string& text : urls) {
    const auto url = net::Url::parse(text);
    if (!url) return Unexpected<Error>(url.error());
    const auto address = net::Address::resolve(url->endpoint);
    if (!address) return Unexpected<Error>(address.error());
    targets.push_back({*address, url->authority});
  }
  return targets;
}

}  // namespace

int64_t wall_seconds() noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Expected<std::unique_ptr<Sender>> Sender::make(net::EventLoop& loop, const DeliverOptions& options,
                                               SendSink& sink) {
  const auto targets = resolve(options.to);
  if (!targets) return Unexpected<Error>(targets.error());
  switch (options.protocol) {
    case Protocol::kHttp1: return std::make_unique<HttpSender>(loop, options, sink, *targets);
    case Protocol::kHttp2:
    case Protocol::kGrpc: return std::make_unique<H2Sender>(loop, options, sink, *targets);
  }
  return Unexpected<Error>(Error{ErrorKind::kInternal, "no such protocol", ""});
}

}  // namespace weir::bridge
