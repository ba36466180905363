// The seam to nghttp2: sessions with our callbacks, settings and field lists. Private to h2_*.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "http/h2_session.h"

struct nghttp2_session;

namespace weir::http {

/// Never null: out of memory ends the process.
nghttp2_session* make_nghttp2_session(bool is_server, H2Session* owner);

/// The first SETTINGS frame and the connection's window.
void submit_h2_settings(nghttp2_session* session, const H2Limits& limits, bool is_server);

/// Sends a head. `stream` is -1 for a new request; its number is returned, or -1.
int32_t submit_h2_request(nghttp2_session* session, const H2FieldList& fields, bool has_body);
void submit_h2_response(nghttp2_session* session, int32_t stream, const H2FieldList& fields,
                        bool has_body);
void submit_h2_interim(nghttp2_session* session, int32_t stream, const H2FieldList& fields);
void submit_h2_trailers(nghttp2_session* session, int32_t stream, const H2FieldList& fields);

}  // namespace weir::http
