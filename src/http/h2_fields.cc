#include "http/h2_fields.h"

#include <algorithm>
#include <charconv>

#include "http/chars.h"

namespace weir::http {
namespace {

constexpr size_t kNumberDigitsMax = 20;

bool has_upper(std::string_view name) noexcept {
  return std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

void add_kept(const HeaderBlock& headers, HeaderSet drop, bool connection_lists,
              H2FieldList& out) noexcept {
  for (size_t i = 0; i < headers.size(); ++i) {
    if (drop.contains(headers.id(i))) continue;
    const HeaderView header = headers[i];
    if (connection_lists && is_listed_in_connection(headers, header)) continue;
    out.add(header.name, header.value);
  }
}

bool takes_trailers(const HeaderBlock& headers) noexcept {
  bool found = false;
  headers.for_each(HeaderName::kTe, [&found](std::string_view list) {
    for_each_element(list, [&found](std::string_view coding) {
      found = found || equals_ignoring_case(coding, "trailers");
    });
  });
  return found;
}

}  // namespace

char* H2FieldList::take(size_t size) noexcept {
  if (size > space_.size() - used_) return nullptr;
  char* begin = space_.data() + used_;
  used_ += size;
  return begin;
}

std::string_view H2FieldList::lowered(std::string_view name) noexcept {
  if (!has_upper(name)) return name;
  char* begin = take(name.size());
  if (begin == nullptr) return {};
  std::transform(name.begin(), name.end(), begin, to_lower);
  return {begin, name.size()};
}

void H2FieldList::add(std::string_view name, std::string_view value) noexcept {
  const std::string_view lower = lowered(name);
  if (size_ == kFieldsMax || lower.empty()) {
    ok_ = false;
    return;
  }
  fields_[size_++] = {lower, value};
}

void H2FieldList::add(std::string_view name, uint64_t value) noexcept {
  char* begin = take(kNumberDigitsMax);
  if (begin == nullptr) {
    ok_ = false;
    return;
  }
  const char* end = std::to_chars(begin, begin + kNumberDigitsMax, value).ptr;
  add(name, std::string_view(begin, static_cast<size_t>(end - begin)));
}

void add_lines(std::string_view lines, H2FieldList& out) noexcept {
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      out.add(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    }
    if (end == std::string_view::npos) return;
    lines.remove_prefix(end + 2);
  }
}

bool list_forwarded_request(const RequestHead& head, const RequestForwarding& how,
                            H2FieldList& out) noexcept {
  const HeaderBlock& headers = head.headers;
  std::string_view host = how.host.empty() ? head.authority() : how.host;
  if (host.empty()) host = how.host_default;
  out.add(":method", head.method_text());
  out.add(":scheme", how.scheme.empty() ? "http" : how.scheme);
  out.add(":authority", host);
  out.add(":path", head.path());
  add_kept(headers, dropped_from_request(head, how), head.connection.others, out);
  if (head.body.kind == BodyKind::kLength) out.add("content-length", head.body.length);
  if (takes_trailers(headers)) out.add("te", "trailers");
  if (!how.client_address.empty()) {
    // One field a proxy: fields of one name are a list, and HTTP/2 servers join them.
    headers.for_each(HeaderName::kXForwardedFor,
                     [&out](std::string_view chain) { out.add("x-forwarded-for", chain); });
    out.add("x-forwarded-for", how.client_address);
  }
  const bool proto_kept = how.keep_proto && headers.contains(HeaderName::kXForwardedProto);
  if (!proto_kept && !how.scheme.empty()) out.add("x-forwarded-proto", how.scheme);
  if (!how.request_id.empty()) out.add("x-request-id", how.request_id);
  if (!how.via.empty()) out.add("via", how.via);
  add_lines(how.extra_lines, out);
  return out.ok();
}

bool list_forwarded_response(const ResponseHead& head, const ResponseForwarding& how,
                             H2FieldList& out) noexcept {
  const HeaderBlock& headers = head.headers;
  out.add_status(head.status);
  add_kept(headers, dropped_from_response(how), head.connection.others, out);
  // A zero that nobody told is left out: END_STREAM says it, and gRPC's trailers-only form has
  // none.
  const bool has_length =
      head.body.kind == BodyKind::kLength && (head.has_content_length || head.body.length != 0);
  if (has_length) {
    out.add("content-length", head.body.length);
  } else if (tells_length_without_body(head)) {
    out.add("content-length", head.content_length);
  }
  if (!how.request_id.empty()) out.add("x-request-id", how.request_id);
  if (!how.proxy_status.empty()) out.add("proxy-status", how.proxy_status);
  if (!how.via.empty()) out.add("via", how.via);
  add_lines(how.extra_lines, out);
  return out.ok();
}

}  // namespace weir::http
