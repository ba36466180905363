// Request heads: any split gives the same answer, views lie inside the input, and what is forwarded
// is read by the next server exactly as we read it.
#include <string>
#include <vector>

#include "fuzz/forwarded_check.h"
#include "fuzz/pieces.h"
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
  if (head.method != Method::kConnect) fuzz::check_forwarded(head, result.consumed);
}

}  // namespace
}  // namespace weir::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::http::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
