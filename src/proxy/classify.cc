#include "proxy/classify.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "http/chars.h"
#include "http/h1_writer.h"

namespace weir::proxy {
namespace {

using http::HeaderName;

constexpr http::HeaderSet kDeadlineHeaders = {HeaderName::kGrpcTimeout,
                                              HeaderName::kXEnvoyExpectedRqTimeoutMs,
                                              HeaderName::kXRequestDeadlineMs};
// A year: beyond it a timeout is no bound, and arithmetic on it need not be feared.
constexpr int64_t kMillisMax = int64_t{365} * 24 * 3600 * 1000;

Duration parse_millis(std::string_view text) noexcept {
  int64_t millis = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), millis);
  if (error != std::errc() || end != text.data() + text.size()) return Duration::max();
  if (millis < 0 || millis > kMillisMax) return Duration::max();
  return std::chrono::milliseconds(millis);
}

Duration timeout_of(const http::HeaderBlock& headers) noexcept {
  Duration timeout = Duration::max();
  if (!headers.contains_any(kDeadlineHeaders)) return timeout;
  for (const HeaderName name :
       {HeaderName::kXEnvoyExpectedRqTimeoutMs, HeaderName::kXRequestDeadlineMs}) {
    if (headers.contains(name)) timeout = std::min(timeout, parse_millis(headers.value(name)));
  }
  if (headers.contains(HeaderName::kGrpcTimeout))
    timeout = std::min(timeout, parse_grpc_timeout(headers.value(HeaderName::kGrpcTimeout)));
  return timeout;
}

// The value of a baggage member (W3C Baggage §3.2): key=value pairs, each with properties after
// ';'.
std::string_view baggage_member(std::string_view baggage, std::string_view key) noexcept {
  while (!baggage.empty()) {
    const size_t comma = std::min(baggage.find(','), baggage.size());
    std::string_view member = baggage.substr(0, comma);
    baggage.remove_prefix(std::min(comma + 1, baggage.size()));
    member = member.substr(0, member.find(';'));
    const size_t equals = member.find('=');
    if (equals == std::string_view::npos) continue;
    if (http::trimmed(member.substr(0, equals)) == key)
      return http::trimmed(member.substr(equals + 1));
  }
  return {};
}

std::optional<Criticality> claimed_criticality(const http::HeaderBlock& headers) noexcept {
  std::optional<Criticality> found;
  if (headers.contains(HeaderName::kXWeirPriority))
    found = criticality_from(headers.value(HeaderName::kXWeirPriority));
  if (!found && headers.contains(HeaderName::kBaggage))
    found = criticality_from(baggage_member(headers.value(HeaderName::kBaggage), "criticality"));
  return found;
}

}  // namespace

Duration parse_grpc_timeout(std::string_view text) noexcept {
  // At most 8 digits and a unit (gRPC over HTTP/2, "Timeout").
  if (text.size() < 2 || text.size() > 9) return Duration::max();
  int64_t count = 0;
  const char* last = text.data() + text.size() - 1;
  const auto [end, error] = std::from_chars(text.data(), last, count);
  if (error != std::errc() || end != last || count < 0) return Duration::max();
  switch (*last) {
    case 'H': return std::chrono::hours(std::min<int64_t>(count, 8760));
    case 'M': return std::chrono::minutes(std::min<int64_t>(count, 525'600));
    case 'S': return std::chrono::seconds(count);
    case 'm': return std::chrono::milliseconds(count);
    case 'u': return std::chrono::microseconds(count);
    case 'n': return Duration(count);
    default: return Duration::max();
  }
}

RequestContext classify(const http::RequestHead& request, const Options& options,
                        Criticality of_route, uint16_t worker, Instant now) noexcept {
  RequestContext context;
  context.worker = worker;
  const Duration timeout = timeout_of(request.headers);
  if (timeout != Duration::max()) context.deadline = Deadline::after(timeout, now);
  const Criticality claimed = claimed_criticality(request.headers).value_or(of_route);
  context.criticality = options.trust_priority ? claimed : std::max(claimed, of_route);
  return context;
}

void shrink_deadline(const http::RequestHead& request, Deadline deadline, bool add, Instant now,
                     NextHopLines& out) noexcept {
  out.size = 0;
  out.drop = {};
  const bool brought = request.headers.contains_any(kDeadlineHeaders);
  if (!deadline.bounded() || (!brought && !add)) return;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.remaining(now));
  const auto millis = static_cast<uint64_t>(left.count());
  http::HeadWriter writer(out.text.data(), out.text.size());
  for (const HeaderName name :
       {HeaderName::kXEnvoyExpectedRqTimeoutMs, HeaderName::kXRequestDeadlineMs}) {
    const bool added = !brought && name == HeaderName::kXEnvoyExpectedRqTimeoutMs;
    if (!added && !request.headers.contains(name)) continue;
    writer.field(http::to_string(name), millis);
    out.drop.insert(name);
  }
  // Eight digits of milliseconds are 27 hours; what is longer goes on as it came.
  if (request.headers.contains(HeaderName::kGrpcTimeout) && millis < 100'000'000) {
    writer.append("grpc-timeout: ").append(millis).append("m\r\n");
    out.drop.insert(HeaderName::kGrpcTimeout);
  }
  out.size = writer.size();
}

void tell_criticality(const http::RequestHead& request, Criticality criticality,
                      NextHopLines& out) noexcept {
  const auto read = claimed_criticality(request.headers).value_or(Criticality::kCritical);
  if (read == criticality) return;
  http::HeadWriter writer(out.text.data() + out.size, out.text.size() - out.size);
  writer.field(http::to_string(HeaderName::kXWeirPriority), to_string(criticality));
  out.drop.insert(HeaderName::kXWeirPriority);
  out.size += writer.size();
}

void tell_try(const http::RequestHead& request, int number, NextHopLines& out) noexcept {
  if (number < 2) return;
  const auto count = static_cast<uint64_t>(number);
  http::HeadWriter writer(out.text.data() + out.size, out.text.size() - out.size);
  writer.field(http::to_string(HeaderName::kXEnvoyAttemptCount), count);
  out.drop.insert(HeaderName::kXEnvoyAttemptCount);
  if (request.headers.value(HeaderName::kContentType).starts_with("application/grpc")) {
    writer.field(http::to_string(HeaderName::kGrpcPreviousRpcAttempts), count - 1);
    out.drop.insert(HeaderName::kGrpcPreviousRpcAttempts);
  }
  out.size += writer.size();
}

void add_traceparent(const observe::TraceContext& trace, NextHopLines& out) noexcept {
  std::array<char, observe::TraceContext::kTextSize> text;
  trace.write(text.data());
  http::HeadWriter writer(out.text.data() + out.size, out.text.size() - out.size);
  writer.field("traceparent", std::string_view(text.data(), text.size()));
  out.size += writer.size();
  out.drop.insert(HeaderName::kTraceparent);
}

observe::TraceContext trace_of(const http::RequestHead& request, bool chosen, Rng& rng) noexcept {
  observe::TraceContext trace;
  const bool came = trace.parse(request.headers.value(HeaderName::kTraceparent));
  if (!came && !chosen) return {};
  if (!came) {
    for (size_t i = 0; i < trace.trace_id.size(); i += sizeof(uint64_t)) {
      const uint64_t bits = rng.next();
      std::memcpy(&trace.trace_id[i], &bits, sizeof bits);
    }
    trace.sampled = true;
  }
  trace.span_id = rng.next() | 1;  // zero means none
  return trace;
}

bool is_safe_request_id(std::string_view id) noexcept {
  constexpr http::CharTable kSafe = http::alphanumeric_and("-_.:/+=@");
  return !id.empty() && id.size() <= 128 && http::all_of(kSafe, id);
}

}  // namespace weir::proxy
