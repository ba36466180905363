// The two ends of HTTP/2: what differs between a server's session and a client's.
#include <nghttp2/nghttp2.h>

#include "http/h2_nghttp2.h"
#include "http/h2_stream.h"

namespace weir::http {

struct H2ServerSession::ServerStream : Stream {
  H2RequestBuilder builder;
};

H2ServerSession::H2ServerSession(const H2Limits& limits, H2ServerHandler& handler, Instant now)
    : H2Session(limits, handler, true, now), handler_(handler) {}

std::unique_ptr<H2Session::Stream> H2ServerSession::make_stream() {
  return std::make_unique<ServerStream>();
}

void H2ServerSession::begin_head(Stream& stream) {
  static_cast<ServerStream&>(stream).builder.begin();
}

H2Fault H2ServerSession::add_field(Stream& stream, std::string_view name, std::string_view value) {
  return static_cast<ServerStream&>(stream).builder.add(name, value, limits_.head);
}

H2Fault H2ServerSession::finish_head(Stream& stream, bool end_stream) {
  H2RequestBuilder& builder = static_cast<ServerStream&>(stream).builder;
  const H2Fault fault = builder.finish(end_stream);
  if (fault != H2Fault::kNone) return fault;
  stream.head_done = true;
  stream.announced = true;
  handler_.on_request(stream.id, builder.head());
  return H2Fault::kNone;
}

void H2ServerSession::respond(int32_t stream, const H2FieldList& fields, bool has_body) {
  WEIR_ASSERT(fields.ok());
  if (find(stream) != nullptr) submit_h2_response(session_, stream, fields, has_body);
}

void H2ServerSession::respond_interim(int32_t stream, const H2FieldList& fields) {
  WEIR_ASSERT(fields.ok());
  if (find(stream) != nullptr) submit_h2_interim(session_, stream, fields);
}

struct H2ClientSession::ClientStream : Stream {
  H2ResponseBuilder builder;
  Method method = Method::kOther;
};

H2ClientSession::H2ClientSession(const H2Limits& limits, H2ClientHandler& handler, Instant now)
    : H2Session(limits, handler, false, now), handler_(handler) {}

bool H2ClientSession::can_request() const noexcept {
  const uint32_t open_max =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return nghttp2_session_check_request_allowed(session_) != 0 && streams_open() < open_max &&
         streams_open() < limits_.streams_max;
}

int32_t H2ClientSession::request(const H2FieldList& fields, Method method, bool has_body) {
  WEIR_ASSERT(fields.ok());
  if (nghttp2_session_check_request_allowed(session_) == 0) return -1;
  const int32_t id = submit_h2_request(session_, fields, has_body);
  if (id < 0) return -1;
  auto stream = std::make_unique<ClientStream>();
  stream->method = method;
  stream->announced = true;
  adopt(std::move(stream), id);
  return id;
}

std::unique_ptr<H2Session::Stream> H2ClientSession::make_stream() {
  return std::make_unique<ClientStream>();
}

void H2ClientSession::begin_head(Stream& stream) {
  static_cast<ClientStream&>(stream).builder.begin();
}

H2Fault H2ClientSession::add_field(Stream& stream, std::string_view name, std::string_view value) {
  return static_cast<ClientStream&>(stream).builder.add(name, value, limits_.head);
}

H2Fault H2ClientSession::finish_head(Stream& stream, bool end_stream) {
  auto& client_stream = static_cast<ClientStream&>(stream);
  H2ResponseBuilder& builder = client_stream.builder;
  const H2Fault fault = builder.finish(end_stream, client_stream.method);
  if (fault != H2Fault::kNone) return fault;
  stream.head_done = !builder.head().is_interim();
  handler_.on_response(stream.id, builder.head());
  builder.release();
  return H2Fault::kNone;
}

}  // namespace weir::http
