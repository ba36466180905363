// The meaning of the fields that decide where a message ends and who is asked (RFC 9112 §3.2, §6).
// Used by the parsers on complete heads.
#pragma once

#include "http/h1_error.h"
#include "http/h1_parser.h"
#include "http/message.h"

namespace weir::http {

/// Fills host, framing, keep-alive, upgrade and expect of a request whose lines are all parsed.
H1Error finish_request(RequestHead& head) noexcept;

/// Fills framing and keep-alive of a response whose lines are all parsed.
H1Error finish_response(ResponseHead& head, ResponseTo request) noexcept;

/// The one Content-Length of `headers`: digits only, within 63 bits; signs, blanks, hexadecimal and
/// lists are refused. `headers` must contain the field. Shared with HTTP/2.
H1Error parse_content_length(const HeaderBlock& headers, uint64_t& length) noexcept;

}  // namespace weir::http
