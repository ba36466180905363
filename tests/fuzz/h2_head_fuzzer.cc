// HTTP/2 fields to HTTP/1 lines: whatever fields come, a request that is accepted is read by an
// HTTP/1 server exactly as we read it. Input: pairs of name and value, each behind a byte of
// length.
#include <string_view>

#include "fuzz/forwarded_check.h"
#include "fuzz/pieces.h"
#include "http/h2_fields.h"
#include "http/h2_head.h"

namespace weir::http {
namespace {

std::string_view take(std::string_view& in) noexcept {
  if (in.empty()) return {};
  const size_t size = static_cast<unsigned char>(in.front());
  in.remove_prefix(1);
  const std::string_view text = in.substr(0, size);
  in.remove_prefix(text.size());
  return text;
}

void check_request(std::string_view in, bool end_stream) {
  const size_t size = in.size();
  H2RequestBuilder builder;
  builder.begin();
  while (!in.empty()) {
    const std::string_view name = take(in);
    const std::string_view value = take(in);
    if (builder.add(name, value, H2HeadLimits{}) != H2Fault::kNone) return;
  }
  // nghttp2 refuses a section without these before it is complete.
  if (builder.head().method_slice.size == 0 || builder.head().target_slice.size == 0) return;
  if (builder.finish(end_stream) != H2Fault::kNone) return;
  const RequestHead& head = builder.head();
  if (head.method == Method::kConnect) return;
  constexpr size_t kPerField = 4;  // ": " and CRLF, of fields that may be one byte
  fuzz::check_forwarded(head, size * kPerField);
  H2FieldList list;
  if (!list_forwarded_request(head, RequestForwarding{}, list)) return;
  H2RequestBuilder again;
  again.begin();
  for (size_t i = 0; i < list.size(); ++i) {
    const H2Fault fault = again.add(list[i].name, list[i].value, H2HeadLimits{});
    if (fault == H2Fault::kTooLarge || fault == H2Fault::kTooManyFields) return;
    WEIR_ASSERT(fault == H2Fault::kNone);
  }
  WEIR_ASSERT(again.finish(end_stream) == H2Fault::kNone);
  WEIR_ASSERT(again.head().path() == head.path());
  WEIR_ASSERT(again.head().authority() == head.authority());
  WEIR_ASSERT(again.head().body == head.body);
}

void check_response(std::string_view in, bool end_stream) {
  H2ResponseBuilder builder;
  builder.begin();
  while (!in.empty()) {
    const std::string_view name = take(in);
    const std::string_view value = take(in);
    if (builder.add(name, value, H2HeadLimits{}) != H2Fault::kNone) return;
  }
  if (builder.finish(end_stream, Method::kGet) != H2Fault::kNone) return;
  const ResponseHead& head = builder.head();
  if (head.headers.size() + 8 > HeaderBlock::kHeadersMax) return;
  std::vector<char> buffer(80 * 1024);
  HeadWriter out(buffer.data(), buffer.size());
  WEIR_ASSERT(write_forwarded_response(head, ResponseForwarding{}, out));
  ResponseHead again;
  const ParseResult result = parse_response(out.view(), HeadLimits{}, ResponseTo{}, again);
  if (result.error == H1Error::kHeadTooLarge) return;
  WEIR_ASSERT(result.done() && result.consumed == out.size());
  WEIR_ASSERT(again.status == head.status);
  WEIR_ASSERT(again.body == head.body);
}

}  // namespace
}  // namespace weir::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  for (bool end_stream : {false, true}) {
    weir::http::check_request(in, end_stream);
    weir::http::check_response(in, end_stream);
  }
  return 0;
}
