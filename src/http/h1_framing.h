// The meaning of the fields that decide where a message ends and who is asked (RFC 9112 §3.2, §6).
// Used by h1_parser.cc on complete heads.
#pragma once

#include "http/h1_error.h"
#include "http/h1_parser.h"
#include "http/message.h"

namespace weir::http {

/// Fills host, framing, keep-alive, upgrade and expect of a request whose lines are all parsed.
H1Error finish_request(RequestHead& head) noexcept;

/// Fills framing and keep-alive of a response whose lines are all parsed.
H1Error finish_response(ResponseHead& head, ResponseTo request) noexcept;

}  // namespace weir::http
