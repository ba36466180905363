// The smuggling invariant: the next server reads what we forward exactly as we read it.
#pragma once

#include <vector>

#include "http/h1_forward.h"
#include "http/h1_parser.h"
#include "weir/base/assert.h"

namespace weir::fuzz {

/// Writes `head` as it would go to an HTTP/1 upstream, parses that and compares. `head_bytes`
/// bounds the size of what came in.
inline void check_forwarded(const http::RequestHead& head, size_t head_bytes) {
  constexpr size_t kAddedFields = 8;  // Host, framing and identity
  constexpr size_t kAddedBytes = 1024;
  if (head.headers.size() + kAddedFields > http::HeaderBlock::kHeadersMax) return;
  std::vector<char> buffer(head_bytes + kAddedBytes);
  http::HeadWriter out(buffer.data(), buffer.size());
  const http::RequestForwarding how = {
      .client_address = "127.0.0.1", .request_id = "id", .host_default = "up"};
  WEIR_ASSERT(write_forwarded_request(head, how, out));
  http::RequestHead again;
  const http::HeadLimits roomy = {.header_bytes_max = http::HeaderBlock::kLineBytesMax};
  const http::ParseResult result = parse_request(out.view(), roomy, again);
  if (result.error == http::H1Error::kHeadTooLarge) return;  // 60 KiB and our own lines on top
  WEIR_ASSERT(result.done());
  WEIR_ASSERT(result.consumed == out.size());
  WEIR_ASSERT(again.method_text() == head.method_text());
  WEIR_ASSERT(again.body == head.body);
  WEIR_ASSERT(again.upgrade == head.upgrade);
  WEIR_ASSERT(again.keep_alive);
  WEIR_ASSERT(again.path() == head.path());
  WEIR_ASSERT(again.authority() == (head.authority().empty() ? "up" : head.authority()));
}

}  // namespace weir::fuzz
