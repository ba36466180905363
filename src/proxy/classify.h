// Classification: what the headers of a request tell the engine, and what remains for the next hop.
#pragma once

#include <array>
#include <string_view>

#include "http/message.h"
#include "observe/span.h"
#include "proxy/options.h"
#include "weir/base/rng.h"
#include "weir/policy/request_context.h"

namespace weir::proxy {

/// Deadline: the earliest of grpc-timeout, x-envoy-expected-rq-timeout-ms and
/// x-request-deadline-ms, all relative; unreadable ones are ignored. Criticality: X-Weir-Priority,
/// else the member `criticality` of baggage, else that of the route. A claim above the route's
/// counts only with Options::trust_priority; so a nested call between neighbours keeps the class of
/// its parent, and the edge of the system cannot be talked into raising it.
RequestContext classify(const http::RequestHead& request, const Options& options,
                        Criticality of_route, uint16_t worker, Instant now) noexcept;

/// Header lines that tell the next hop what has changed on the way; `drop` names the fields they
/// replace.
struct NextHopLines {
  http::HeaderSet drop;
  std::array<char, 400> text;
  size_t size = 0;

  std::string_view view() const noexcept { return {text.data(), size}; }
};
/// The deadline headers that the request brought, with what is left of the deadline in them; with
/// `add`, x-envoy-expected-rq-timeout-ms when it brought none. Begins the lines anew.
void shrink_deadline(const http::RequestHead& request, Deadline deadline, bool add, Instant now,
                     NextHopLines& out) noexcept;

/// X-Weir-Priority, when the next hop would not read `criticality` from what the request brought.
void tell_criticality(const http::RequestHead& request, Criticality criticality,
                      NextHopLines& out) noexcept;

/// The number of the try, from 2 on: x-envoy-attempt-count, and grpc-previous-rpc-attempts to gRPC.
void tell_try(const http::RequestHead& request, int number, NextHopLines& out) noexcept;

/// Adds the traceparent that names our own span, in place of the one that came.
void add_traceparent(const observe::TraceContext& trace, NextHopLines& out) noexcept;

/// The trace a request belongs to, with a span of our own; none when it has no traceparent and is
/// not `chosen` to begin one.
observe::TraceContext trace_of(const http::RequestHead& request, bool chosen, Rng& rng) noexcept;

/// The timeout of a grpc-timeout value such as "100m"; Duration::max() when it is not one.
Duration parse_grpc_timeout(std::string_view text) noexcept;

/// Whether an X-Request-Id of a caller may be kept: 1 to 128 characters that need no escaping in a
/// header, a log or JSON.
bool is_safe_request_id(std::string_view id) noexcept;

}  // namespace weir::proxy
