#include "http/h1_forward.h"

#include "http/chars.h"

namespace weir::http {
namespace {

// Fields that a Connection field may not take away: without them the next server would ask another
// host, or lose who asked ("hop-by-hop header abuse").
constexpr HeaderSet kNotByConnection = {HeaderName::kHost, HeaderName::kXForwardedFor,
                                        HeaderName::kXForwardedProto, HeaderName::kXRequestId};

// Copies all lines but the dropped ones. Lines lie one after another in the input, so what is kept
// goes over in runs: a typical head costs two or three memcpy calls.
void copy_lines(const HeaderBlock& headers, HeaderSet drop, bool connection_lists,
                HeadWriter& out) noexcept {
  size_t run = 0;
  for (size_t i = 0; i < headers.size(); ++i) {
    const bool dropped = drop.contains(headers.id(i)) ||
                         (connection_lists && is_listed_in_connection(headers, headers[i]));
    if (!dropped) continue;
    out.append(headers.lines(run, i));
    run = i + 1;
  }
  out.append(headers.lines(run, headers.size()));
}

void write_framing(BodyFraming body, HeadWriter& out) noexcept {
  switch (body.kind) {
    case BodyKind::kLength: out.field("Content-Length", body.length); break;
    case BodyKind::kChunked: out.append("Transfer-Encoding: chunked\r\n"); break;
    case BodyKind::kNone:
    case BodyKind::kUntilClose: break;
  }
}

// One line with the whole chain: receivers disagree on which of several lines they read.
void write_forwarded_for(const HeaderBlock& headers, std::string_view client,
                         HeadWriter& out) noexcept {
  out.append("X-Forwarded-For: ");
  headers.for_each(HeaderName::kXForwardedFor, [&out](std::string_view chain) {
    if (!chain.empty()) out.append(chain).append(", ");
  });
  out.append(client).append("\r\n");
}

void write_upgrade(const HeaderBlock& headers, HeadWriter& out) noexcept {
  out.append("Connection: upgrade\r\n");
  out.field("Upgrade", headers.value(HeaderName::kUpgrade));
}

}  // namespace

bool is_listed_in_connection(const HeaderBlock& headers, HeaderView field) noexcept {
  if (kNotByConnection.contains(field.id)) return false;
  bool listed = false;
  headers.for_each(HeaderName::kConnection, [&](std::string_view list) {
    for_each_element(list, [&](std::string_view option) {
      listed = listed || equals_ignoring_case(option, field.name);
    });
  });
  return listed;
}

HeaderSet dropped_from_request(const RequestHead& head, const RequestForwarding& how) noexcept {
  HeaderSet drop = kHopByHop | kFramingFields | how.drop;
  drop.insert(HeaderName::kHost);
  if (!how.client_address.empty()) drop.insert(HeaderName::kXForwardedFor);
  if (!how.keep_proto) drop.insert(HeaderName::kXForwardedProto);
  if (!how.request_id.empty()) drop.insert(HeaderName::kXRequestId);
  if (!how.keep_expect || !head.expect_continue) drop.insert(HeaderName::kExpect);
  return drop;
}

HeaderSet dropped_from_response(const ResponseForwarding& how) noexcept {
  HeaderSet drop = kHopByHop | kFramingFields | how.drop;
  if (!how.request_id.empty()) drop.insert(HeaderName::kXRequestId);
  return drop;
}

bool tells_length_without_body(const ResponseHead& head) noexcept {
  return head.body.kind == BodyKind::kNone && head.has_content_length && head.status >= 200 &&
         head.status != 204;
}

bool write_forwarded_request(const RequestHead& head, const RequestForwarding& how,
                             HeadWriter& out) noexcept {
  const HeaderBlock& headers = head.headers;
  const bool proto_kept = how.keep_proto && headers.contains(HeaderName::kXForwardedProto);

  std::string_view host = how.host.empty() ? head.authority() : how.host;
  if (host.empty()) host = how.host_default;
  out.append(head.method_text()).append(" ").append(head.path()).append(" HTTP/1.1\r\n");
  out.field("Host", host);
  copy_lines(headers, dropped_from_request(head, how), head.connection.others, out);
  write_framing(head.body, out);
  if (head.upgrade && how.allow_upgrade) write_upgrade(headers, out);
  if (!how.client_address.empty()) write_forwarded_for(headers, how.client_address, out);
  if (!proto_kept && !how.scheme.empty()) out.field("X-Forwarded-Proto", how.scheme);
  if (!how.request_id.empty()) out.field("X-Request-Id", how.request_id);
  if (!how.via.empty()) out.field("Via", how.via);
  out.append(how.extra_lines).end_of_head();
  return out.ok();
}

BodyFraming downstream_framing(const ResponseHead& head, int client_minor_version) noexcept {
  const bool needs_coding =
      head.body.kind == BodyKind::kChunked || head.body.kind == BodyKind::kUntilClose;
  if (!needs_coding) return head.body;
  return {client_minor_version == 0 ? BodyKind::kUntilClose : BodyKind::kChunked, 0};
}

bool downstream_must_close(const ResponseHead& head, int client_minor_version) noexcept {
  return downstream_framing(head, client_minor_version).kind == BodyKind::kUntilClose;
}

bool write_forwarded_response(const ResponseHead& head, const ResponseForwarding& how,
                              HeadWriter& out) noexcept {
  const HeaderBlock& headers = head.headers;
  constexpr size_t kStatusDigits = 3;
  const std::string_view status = head.status_text();
  // A client may insist on the blank that a lax server left out (RFC 9112 §4).
  out.append("HTTP/1.1 ").append(status).append(status.size() == kStatusDigits ? " \r\n" : "\r\n");
  copy_lines(headers, dropped_from_response(how), head.connection.others, out);
  if (tells_length_without_body(head)) out.field("Content-Length", head.content_length);
  write_framing(downstream_framing(head, how.client_minor_version), out);
  if (head.status == 101) {
    write_upgrade(headers, out);
  } else if (!head.is_interim()) {
    const bool close = !how.keep_alive || downstream_must_close(head, how.client_minor_version);
    if (close) out.append("Connection: close\r\n");
    if (!close && how.client_minor_version == 0) out.append("Connection: keep-alive\r\n");
  }
  if (!how.request_id.empty()) out.field("X-Request-Id", how.request_id);
  if (!how.proxy_status.empty()) out.field("Proxy-Status", how.proxy_status);
  if (!how.via.empty()) out.field("Via", how.via);
  out.append(how.extra_lines).end_of_head();
  return out.ok();
}

}  // namespace weir::http
