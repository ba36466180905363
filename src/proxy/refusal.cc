#include "proxy/refusal.h"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace weir::proxy {
namespace {

using namespace std::chrono_literals;
using http::HeadWriter;

// Problem types registered for exactly this by the RateLimit header draft of the IETF httpapi
// group.
constexpr std::string_view kQuotaType =
    "https://iana.org/assignments/http-problem-types#quota-exceeded";
constexpr std::string_view kCapacityType =
    "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";
constexpr std::string_view kDeadlineType = "urn:weir:problem:deadline-exceeded";

struct Wire {
  uint16_t status;
  std::string_view type;
  std::string_view title;
  std::string_view proxy_status;  // error tokens of RFC 9209
  bool overloaded;
  uint8_t grpc_status;
};

// Codes of gRPC that refusals and faults use.
constexpr uint8_t kGrpcDeadlineExceeded = 4;
constexpr uint8_t kGrpcResourceExhausted = 8;
constexpr uint8_t kGrpcUnimplemented = 12;
constexpr uint8_t kGrpcInternal = 13;
constexpr uint8_t kGrpcUnavailable = 14;

constexpr Wire kCapacity{
    503,  kCapacityType,   "Temporarily reduced capacity", "proxy_internal_response",
    true, kGrpcUnavailable};
constexpr Wire kConnections{
    503,  kCapacityType,   "Temporarily reduced capacity", "connection_limit_reached",
    true, kGrpcUnavailable};
constexpr Wire kDestination{
    503,  kCapacityType,   "Temporarily reduced capacity", "destination_unavailable",
    true, kGrpcUnavailable};
constexpr Wire kDeadline{504,  kDeadlineType,        "Deadline exceeded", "http_response_timeout",
                         true, kGrpcDeadlineExceeded};
constexpr Wire kQuota{
    429, kQuotaType, "Quota exceeded", "http_request_error", true, kGrpcResourceExhausted};

constexpr const Wire& wire_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::kConcurrencyLimit:
    case Reason::kQueueFull:
    case Reason::kQueueTimeout:
    case Reason::kShed:
    case Reason::kPriority:
    case Reason::kRetryBudget:
    case Reason::kNoCredit:
    case Reason::kDraining: return kCapacity;
    case Reason::kBulkheadFull:
    case Reason::kPoolFull: return kConnections;
    case Reason::kBreakerOpen: return kDestination;
    case Reason::kDeadlinePassed:
    case Reason::kDeadlineInfeasible: return kDeadline;
    case Reason::kQuota: return kQuota;
  }
  return kCapacity;
}

void value_of_bound(HeadWriter& out, const Rejection& rejection, std::string_view unit) noexcept {
  out.append(uint64_t{rejection.value}).append(" of ").append(uint64_t{rejection.bound});
  out.append(" ").append(unit);
}

// The sentence. Every number in it is the one that the policy compared.
void describe(HeadWriter& out, const Rejection& rejection, std::string_view upstream,
              std::string_view criticality) noexcept {
  const uint64_t value = rejection.value;
  const uint64_t bound = rejection.bound;
  switch (rejection.reason) {
    case Reason::kConcurrencyLimit:
      out.append(upstream).append(" is at its limit: ");
      value_of_bound(out, rejection, "in flight");
      break;
    case Reason::kQueueFull:
      out.append("the queue for ").append(upstream).append(" is full: ");
      value_of_bound(out, rejection, "waiting on this event loop; ");
      out.append(criticality).append(" is being shed");
      break;
    case Reason::kQueueTimeout:
      out.append("waited ").append(value).append(" ms for ").append(upstream);
      out.append(", and ").append(bound).append(" ms is the bound");
      break;
    case Reason::kShed:
      out.append("the queue for ").append(upstream).append(" does not drain: waited ");
      out.append(value).append(" ms of at most ").append(bound).append(" ms; ");
      out.append(criticality).append(" is being shed");
      break;
    case Reason::kPriority:
      out.append(upstream).append(" is overloaded; ").append(criticality);
      out.append(" is being shed: ").append(value).append(" against a threshold of ").append(bound);
      break;
    case Reason::kBulkheadFull:
      out.append("this share of ").append(upstream).append(" is used up: ");
      value_of_bound(out, rejection, "in flight");
      break;
    case Reason::kPoolFull:
      out.append("no connection to ").append(upstream).append(" is free: ");
      value_of_bound(out, rejection, "in use");
      break;
    case Reason::kBreakerOpen:
      out.append("the breaker of ").append(upstream).append(" is open");
      if (bound == 0) break;  // by hand
      out.append(": ")
          .append(value)
          .append(" % of the calls went wrong, ")
          .append(bound)
          .append(" % opens it");
      break;
    case Reason::kDeadlinePassed:
      out.append("the caller's deadline had passed before ").append(upstream).append(" was asked");
      break;
    case Reason::kDeadlineInfeasible:
      out.append(upstream).append(" would need ").append(value);
      out.append(" ms, and the caller waits ").append(bound).append(" ms");
      break;
    case Reason::kRetryBudget:
      out.append("the retry budget of ").append(upstream).append(" is empty: ");
      value_of_bound(out, rejection, "used");
      break;
    case Reason::kQuota:
      out.append("the quota is used up: ");
      value_of_bound(out, rejection, "requests");
      break;
    case Reason::kNoCredit:
      out.append(upstream).append(" tells that it takes no more: ");
      value_of_bound(out, rejection, "in flight");
      break;
    case Reason::kDraining: out.append("this weir is shutting down"); break;
  }
}

// Between one and sixty seconds: less is no header value, more only keeps callers away from a
// service that has recovered.
int64_t retry_after_ms(Duration estimate, Rng& rng) noexcept {
  const Duration base = std::clamp<Duration>(estimate, 1s, 60s);
  const double stretched = to_seconds(base) * (1.0 + 0.5 * rng.uniform());
  return static_cast<int64_t>(stretched * 1e3);
}

struct FaultWire {
  uint16_t status;
  uint8_t grpc_status;
  std::string_view type;
  std::string_view title;
  std::string_view proxy_status;
  std::string_view sentence;  // what comes after the upstream's name
};

// In the order of Fault.
constexpr FaultWire kFaultWires[] = {
    {400, kGrpcInternal, "urn:weir:problem:malformed-request", "Malformed request",
     "http_request_error", ""},
    {408, kGrpcDeadlineExceeded, "urn:weir:problem:request-timeout", "Request timeout",
     "http_request_error", "the request came too slowly"},
    {501, kGrpcUnimplemented, "urn:weir:problem:upgrade-unsupported", "Not implemented",
     "http_upgrade_failed", "CONNECT is not supported"},
    {404, kGrpcUnimplemented, "urn:weir:problem:no-route", "No route", "destination_not_found",
     "no route of weir's configuration takes this host, path, method and headers; "
     "a last route without 'match' would take everything else"},
    {502, kGrpcUnavailable, "urn:weir:problem:upstream-unreachable", "Upstream unreachable",
     "connection_refused", " accepts no connection"},
    {504, kGrpcUnavailable, "urn:weir:problem:upstream-unreachable", "Upstream unreachable",
     "connection_timeout", " did not accept a connection in time"},
    {502, kGrpcUnavailable, "urn:weir:problem:upstream-tls", "Upstream not trusted",
     "tls_certificate_error", " could not prove who it is, or speaks no TLS that weir does"},
    {502, kGrpcUnavailable, "urn:weir:problem:upstream-closed", "Upstream closed the connection",
     "connection_terminated", " closed the connection before it had answered"},
    {502, kGrpcInternal, "urn:weir:problem:upstream-malformed", "Malformed upstream response",
     "http_protocol_error", " sent a malformed response"},
    {504, kGrpcDeadlineExceeded, "urn:weir:problem:response-timeout", "Upstream timeout",
     "http_response_timeout", " did not answer in time"},
};
static_assert(std::size(kFaultWires) == static_cast<size_t>(Fault::kResponseTimeout) + 1);

constexpr const FaultWire& wire_of(Fault fault) noexcept {
  return kFaultWires[static_cast<size_t>(fault)];
}

}  // namespace

const char* to_string(Fault fault) noexcept {
  switch (fault) {
    case Fault::kMalformedRequest: return "malformed_request";
    case Fault::kRequestTimeout: return "request_timeout";
    case Fault::kUpgradeUnsupported: return "upgrade_unsupported";
    case Fault::kNoRoute: return "no_route";
    case Fault::kConnectRefused: return "connect_refused";
    case Fault::kConnectTimeout: return "connect_timeout";
    case Fault::kUpstreamTls: return "upstream_tls";
    case Fault::kUpstreamClosed: return "upstream_closed";
    case Fault::kUpstreamMalformed: return "upstream_malformed";
    case Fault::kResponseTimeout: return "response_timeout";
  }
  return "?";
}

Answer refusal_answer(const Rejection& rejection, std::string_view policy,
                      std::string_view upstream, Criticality criticality, Rng& rng,
                      DetailText& text) noexcept {
  const Wire& wire = wire_of(rejection.reason);
  HeadWriter sentence(text.data(), text.size());
  describe(sentence, rejection, upstream, to_string(criticality));
  Answer answer;
  answer.status = wire.status;
  answer.type = wire.type;
  answer.title = wire.title;
  answer.reason = to_string(rejection.reason);
  answer.policy = policy;
  answer.proxy_status = wire.proxy_status;
  answer.detail = sentence.view();
  answer.retry_after_ms = retry_after_ms(rejection.retry_after, rng);
  answer.overloaded = wire.overloaded;
  answer.grpc_status = wire.grpc_status;
  return answer;
}

Answer fault_answer(Fault fault, std::string_view upstream, http::H1Error detail_error,
                    DetailText& text) noexcept {
  const FaultWire& wire = wire_of(fault);
  HeadWriter sentence(text.data(), text.size());
  Answer answer;
  answer.status = wire.status;
  if (fault == Fault::kMalformedRequest) {
    answer.status = http::http_status(detail_error);
    sentence.append("the request breaks HTTP/1.1: ").append(http::to_string(detail_error));
  } else {
    if (wire.sentence.starts_with(' ')) sentence.append(upstream);
    sentence.append(wire.sentence);
    if (detail_error != http::H1Error::kNone)
      sentence.append(": ").append(http::to_string(detail_error));
  }
  answer.type = wire.type;
  answer.title = wire.title;
  answer.reason = to_string(fault);
  answer.proxy_status = wire.proxy_status;
  answer.detail = sentence.view();
  answer.grpc_status = wire.grpc_status;
  return answer;
}

void write_problem(const Answer& answer, std::string_view request_id, HeadWriter& out) noexcept {
  out.append(R"({"type":")").append(answer.type);
  out.append(R"(","title":")").append(answer.title);
  out.append(R"(","status":)").append(uint64_t{answer.status});
  out.append(R"(,"detail":")").append(answer.detail).append("\"");
  if (!answer.policy.empty())
    out.append(R"(,"violated-policies":[")").append(answer.policy).append("\"]");
  out.append(R"(,"reason":")").append(answer.reason).append("\"");
  if (answer.retry_after_ms >= 0)
    out.append(R"(,"retry_after_ms":)").append(static_cast<uint64_t>(answer.retry_after_ms));
  out.append(R"(,"request_id":")").append(request_id).append("\"}\n");
}

void write_proxy_status(const Answer& answer, HeadWriter& out) noexcept {
  out.append("weir; error=").append(answer.proxy_status);
  out.append("; details=\"").append(answer.reason).append("\"");
}

bool write_answer(const Answer& answer, const AnswerDelivery& delivery, HeadWriter& out) noexcept {
  std::array<char, 1024> storage;
  HeadWriter body(storage.data(), storage.size());
  write_problem(answer, delivery.request_id, body);
  out.status_line(answer.status);
  out.append("Content-Type: application/problem+json\r\n");
  out.field("Content-Length", body.size());
  if (answer.retry_after_ms >= 0)
    out.field("Retry-After", static_cast<uint64_t>((answer.retry_after_ms + 999) / 1000));
  out.append("Proxy-Status: ");
  write_proxy_status(answer, out);
  out.append("\r\n");
  if (answer.overloaded) out.append("x-envoy-overloaded: true\r\n");
  out.append("Cache-Control: no-store\r\n");
  if (!delivery.keep_alive) out.append("Connection: close\r\n");
  if (delivery.keep_alive && delivery.client_minor_version == 0)
    out.append("Connection: keep-alive\r\n");
  if (!delivery.request_id.empty()) out.field("X-Request-Id", delivery.request_id);
  out.end_of_head();
  if (!delivery.head_only) out.append(body.view());
  return out.ok() && body.ok();
}

}  // namespace weir::proxy
