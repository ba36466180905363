// Request heads: any split gives the same answer, views lie inside the input, and what is forwarded
// is read by the next server exactly as we read it.
#include <string>
#include <vector>

#include "fuzz/pieces.h"
#include "http/h1_forward.h"
#include "http/h1_parser.h"

namespace weir::http {
namespace {

std::string describe(const ParseResult& result, const RequestHead& head) {
  if (result.status == ParseStatus::kError) return std::string(to_string(result.error));
  if (result.status == ParseStatus::kNeedMore) return "more";
  std::string text = std::to_string(result.consumed);
  for (std::string_view part : {head.method_text(), head.path(), head.authority()}) {
    text.append(" ").append(part);
  }
  for (HeaderView header : head.headers) {
    text.append("|").append(header.name).append("=").append(header.value);
  }
  text += "|" + std::to_string(static_cast<int>(head.body.kind)) + std::to_string(head.body.length);
  for (bool flag : {head.keep_alive, head.upgrade, head.expect_continue}) text += flag ? "1" : "0";
  return text;
}

void check_views(const RequestHead& head, std::string_view bytes) {
  fuzz::check_inside(head.method_text(), bytes);
  fuzz::check_inside(head.target(), bytes);
  fuzz::check_inside(head.authority(), bytes);
  for (HeaderView header : head.headers) {
    fuzz::check_inside(header.name, bytes);
    fuzz::check_inside(header.value, bytes);
    WEIR_ASSERT(header.id == recognise(header.name));
    WEIR_ASSERT(header.value.find_first_of(std::string_view("\r\n\0", 3)) ==
                std::string_view::npos);
  }
}

void check_splits(std::string_view bytes, const std::string& whole) {
  Rng rng(fuzz::seed_of(bytes));
  RequestHead head;
  ParseResult result;
  std::vector<fuzz::ExactCopy> pieces;  // the last one must outlive the head's views
  for (size_t end : fuzz::random_ends(bytes.size(), rng)) {
    pieces.assign(1, fuzz::ExactCopy(bytes.substr(0, end)));
    result = parse_request(pieces[0].view(), HeadLimits{}, head);
    if (result.status != ParseStatus::kNeedMore) break;
  }
  WEIR_ASSERT(describe(result, head) == whole);
}

// The smuggling invariant: our reading and the next server's are one.
void check_forwarded(const RequestHead& head, size_t head_bytes) {
  constexpr size_t kAdded = 8;  // Host, framing and identity fields
  if (head.headers.size() + kAdded > HeaderBlock::kHeadersMax) return;
  constexpr size_t kAddedBytes = 1024;
  std::vector<char> buffer(head_bytes + kAddedBytes);
  HeadWriter out(buffer.data(), buffer.size());
  const RequestForwarding how = {
      .client_address = "127.0.0.1", .request_id = "id", .host_default = "up"};
  WEIR_ASSERT(write_forwarded_request(head, how, out));
  RequestHead again;
  const HeadLimits roomy = {.header_bytes_max = HeaderBlock::kLineBytesMax};
  const ParseResult result = parse_request(out.view(), roomy, again);
  if (result.error == H1Error::kHeadTooLarge) return;  // 60 KiB and our own lines on top
  WEIR_ASSERT(result.done());
  WEIR_ASSERT(result.consumed == out.size());
  WEIR_ASSERT(again.method_text() == head.method_text());
  WEIR_ASSERT(again.body == head.body);
  WEIR_ASSERT(again.upgrade == head.upgrade);
  WEIR_ASSERT(again.keep_alive);
  WEIR_ASSERT(again.path() == head.path());
  WEIR_ASSERT(again.authority() == (head.authority().empty() ? "up" : head.authority()));
}

void run(std::string_view bytes) {
  const fuzz::ExactCopy copy(bytes);
  RequestHead head;
  const ParseResult result = parse_request(copy.view(), HeadLimits{}, head);
  WEIR_ASSERT(result.consumed <= bytes.size());
  WEIR_ASSERT((result.error == H1Error::kNone) == (result.status != ParseStatus::kError));
  check_splits(copy.view(), describe(result, head));
  if (!result.done()) return;
  check_views(head, copy.view());
  // A tunnel's head is never written as a request of ours.
  if (head.method != Method::kConnect) check_forwarded(head, result.consumed);
}

}  // namespace
}  // namespace weir::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::http::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
