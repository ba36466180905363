// What a proxy changes in the heads it passes on: one pass, whole runs of lines copied at once.
#pragma once

#include <string_view>

#include "http/h1_writer.h"
#include "http/message.h"

namespace weir::http {

/// Fields that concern one connection only (RFC 9110 §7.6.1). They and the names listed in
/// Connection are never forwarded.
inline constexpr HeaderSet kHopByHop = {HeaderName::kConnection,      HeaderName::kKeepAlive,
                                        HeaderName::kProxyConnection, HeaderName::kTe,
                                        HeaderName::kUpgrade,         HeaderName::kHttp2Settings};

/// Framing is always written anew from what was understood, never copied: a receiver cannot find
/// another end of the message than we did.
inline constexpr HeaderSet kFramingFields = {HeaderName::kContentLength,
                                             HeaderName::kTransferEncoding};

/// How a request is passed on. Views must live through the call; empty ones add nothing.
struct RequestForwarding {
  std::string_view client_address = {};  ///< appended to X-Forwarded-For
  std::string_view scheme = "http";      ///< X-Forwarded-Proto
  std::string_view request_id = {};      ///< replaces X-Request-Id; empty keeps the client's
  std::string_view via = "1.1 weir";
  std::string_view host = {};          ///< replaces Host
  std::string_view host_default = {};  ///< Host when an HTTP/1.0 client sent none
  std::string_view extra_lines = {};   ///< further complete lines, each with its CRLF
  HeaderSet drop = {};                 ///< further fields that are not passed on
  bool keep_proto = false;             ///< trust an X-Forwarded-Proto that came
  bool keep_expect = false;            ///< let the upstream answer Expect: 100-continue
  bool allow_upgrade = true;           ///< pass an upgrade on when head.upgrade
};

/// True when a Connection field names this one, which makes it hop-by-hop. Never for Host and the
/// fields that say who asked: taking those away is an attack.
bool is_listed_in_connection(const HeaderBlock& headers, HeaderView field) noexcept;

/// The well-known fields of `head` that do not go on as they are.
HeaderSet dropped_from_request(const RequestHead& head, const RequestForwarding& how) noexcept;

/// Appends the head that goes upstream. The body must be sent with the framing of head.body.
/// False when it did not fit; then the content of `out` is useless.
bool write_forwarded_request(const RequestHead& head, const RequestForwarding& how,
                             HeadWriter& out) noexcept;

/// How a response is passed on.
struct ResponseForwarding {
  uint8_t client_minor_version = 1;
  bool keep_alive = true;  ///< the client's connection stays open after the body
  std::string_view via = "1.1 weir";
  std::string_view request_id = {};    ///< X-Request-Id; empty leaves the upstream's
  std::string_view proxy_status = {};  ///< one member, sent after those of the servers behind
  std::string_view extra_lines = {};   ///< further complete lines, each with its CRLF
  HeaderSet drop = {};                 ///< further fields that are not passed on
};

/// The framing a client of that version gets: HTTP/1.0 knows no chunks, and HTTP/1.1 gets an
/// until-close body as chunks, so that a truncated one can be told from a whole one.
BodyFraming downstream_framing(const ResponseHead& head, int client_minor_version) noexcept;

/// Whether the client's connection must close after this response, because only the close tells
/// where it ends.
bool downstream_must_close(const ResponseHead& head, int client_minor_version) noexcept;

/// The well-known fields of a response that do not go on as they are.
HeaderSet dropped_from_response(const ResponseForwarding& how) noexcept;

/// True when the head must state head.content_length although no body follows: to HEAD and in 304
/// it tells what GET would have brought; 1xx and 204 may not have it (RFC 9110 §8.6).
bool tells_length_without_body(const ResponseHead& head) noexcept;

/// Appends the head that goes to the client. The body must be sent with downstream_framing().
/// False when it did not fit; then the content of `out` is useless.
bool write_forwarded_response(const ResponseHead& head, const ResponseForwarding& how,
                              HeadWriter& out) noexcept;

}  // namespace weir::http
