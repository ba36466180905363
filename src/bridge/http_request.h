// How a record looks as an HTTP request, and what the service's answer means for it.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "bridge/options.h"
#include "bridge/record.h"
#include "bridge/retry_router.h"
#include "http/h2_fields.h"
#include "http/message.h"

namespace weir::bridge {

/// The head of the POST that carries the record; its value is the body. Besides the usual fields:
/// Kafka-Topic, -Partition, -Offset, -Timestamp, -Key (percent-encoded) and Kafka-Header-NAME for
/// the record's own headers where HTTP can hold them; Idempotency-Key, the same at every delivery
/// of a record; X-Envoy-Attempt-Count, from 1; X-Request-Deadline-Ms; X-Weir-Priority. Keys beyond
/// 4 KiB and headers beyond 64 or 16 KiB in all are left out: servers refuse heads that large.
std::string request_head(const Record& record, const DeliverOptions& options,
                         std::string_view authority);

/// The same as a field list for HTTP/2 and gRPC. Valid until the next fill(). Reusable; about
/// 12 KiB. Not thread-safe.
class RequestFields {
 public:
  void fill(const Record& record, const DeliverOptions& options, std::string_view authority);
  const http::H2FieldList& list() const noexcept { return list_; }

 private:
  void add(std::string_view name, std::string_view value);

  http::H2FieldList list_;
  std::deque<std::string> values_;
};

/// 2xx is delivered; 429, 503 and 529 are overload; 408, 425 and other 5xx failed; the rest is
/// rejected. `now_seconds` since 1970, for a Retry-After that names a date.
Delivery delivery_of(const http::ResponseHead& response, int64_t now_seconds);

/// Retry-After as a wait: whole seconds or an HTTP date. Zero when there is none or it is
/// unreadable.
Duration parse_retry_after(std::string_view value, int64_t now_seconds);

}  // namespace weir::bridge
