// Response heads: any split gives the same answer, views lie inside the input, and the client reads
// what we forward exactly as we read it.
#include <string>
#include <vector>

#include "fuzz/pieces.h"
#include "http/h1_forward.h"
#include "http/h1_parser.h"

namespace weir::http {
namespace {

std::string describe(const ParseResult& result, const ResponseHead& head) {
  if (result.status == ParseStatus::kError) return std::string(to_string(result.error));
  if (result.status == ParseStatus::kNeedMore) return "more";
  std::string text = std::to_string(result.consumed) + " ";
  text.append(head.status_text());
  for (HeaderView header : head.headers) {
    text.append("|").append(header.name).append("=").append(header.value);
  }
  text += "|" + std::to_string(static_cast<int>(head.body.kind)) + std::to_string(head.body.length);
  for (bool flag : {head.keep_alive, head.switches_protocol, head.has_content_length}) {
    text += flag ? "1" : "0";
  }
  return text;
}

void check_splits(std::string_view bytes, ResponseTo request, const std::string& whole) {
  Rng rng(fuzz::seed_of(bytes));
  ResponseHead head;
  ParseResult result;
  std::vector<fuzz::ExactCopy> pieces;  // the last one must outlive the head's views
  for (size_t end : fuzz::random_ends(bytes.size(), rng)) {
    pieces.assign(1, fuzz::ExactCopy(bytes.substr(0, end)));
    result = parse_response(pieces[0].view(), HeadLimits{}, request, head);
    if (result.status != ParseStatus::kNeedMore) break;
  }
  WEIR_ASSERT(describe(result, head) == whole);
}

void check_forwarded(const ResponseHead& head, size_t head_bytes, ResponseTo request,
                     uint8_t client_minor_version) {
  constexpr size_t kAdded = 8;
  if (head.headers.size() + kAdded > HeaderBlock::kHeadersMax) return;
  constexpr size_t kAddedBytes = 1024;
  std::vector<char> buffer(head_bytes + kAddedBytes);
  HeadWriter out(buffer.data(), buffer.size());
  const ResponseForwarding how = {
      .client_minor_version = client_minor_version, .request_id = "id", .proxy_status = "weir"};
  WEIR_ASSERT(write_forwarded_response(head, how, out));
  ResponseHead again;
  const HeadLimits roomy = {.header_bytes_max = HeaderBlock::kLineBytesMax};
  const ParseResult result = parse_response(out.view(), roomy, request, again);
  if (result.error == H1Error::kHeadTooLarge) return;  // 60 KiB and our own lines on top
  WEIR_ASSERT(result.done());
  WEIR_ASSERT(result.consumed == out.size());
  WEIR_ASSERT(again.status == head.status);
  WEIR_ASSERT(again.body == downstream_framing(head, client_minor_version));
  WEIR_ASSERT(again.switches_protocol == head.switches_protocol);
}

void check(std::string_view bytes, ResponseTo request) {
  ResponseHead head;
  const ParseResult result = parse_response(bytes, HeadLimits{}, request, head);
  WEIR_ASSERT(result.consumed <= bytes.size());
  WEIR_ASSERT((result.error == H1Error::kNone) == (result.status != ParseStatus::kError));
  check_splits(bytes, request, describe(result, head));
  if (!result.done()) return;
  fuzz::check_inside(head.status_text(), bytes);
  for (HeaderView header : head.headers) {
    fuzz::check_inside(header.name, bytes);
    fuzz::check_inside(header.value, bytes);
  }
  check_forwarded(head, result.consumed, request, 0);
  check_forwarded(head, result.consumed, request, 1);
}

void run(std::string_view bytes) {
  const fuzz::ExactCopy copy(bytes);
  check(copy.view(), {Method::kGet, false});
  check(copy.view(), {Method::kHead, false});
  check(copy.view(), {Method::kGet, true});
  check(copy.view(), {Method::kConnect, false});
}

}  // namespace
}  // namespace weir::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::http::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
