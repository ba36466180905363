// The header names the data plane has to know, recognised without comparing strings one by one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::http {

/// A well-known header name, in the order of kHeaderNames. At most 64, so that a set of them is one
/// word (see HeaderSet).
enum class HeaderName : uint8_t {
  kOther,  ///< any name that is not below
  kAccept,
  kAcceptEncoding,
  kAcceptLanguage,
  kAuthorization,
  kBaggage,
  kCacheControl,
  kConnection,
  kContentEncoding,
  kContentLength,
  kContentType,
  kCookie,
  kDate,
  kEndpointLoadMetrics,
  kEndpointLoadMetricsBin,
  kEtag,
  kExpect,
  kForwarded,
  kGrpcPreviousRpcAttempts,
  kGrpcRetryPushbackMs,
  kGrpcStatus,
  kGrpcTimeout,
  kHost,
  kHttp2Settings,
  kIdempotencyKey,
  kIfModifiedSince,
  kIfNoneMatch,
  kKeepAlive,
  kLastModified,
  kLocation,
  kOrigin,
  kPriority,
  kProxyConnection,
  kProxyStatus,
  kRange,
  kReferer,
  kRetryAfter,
  kSecFetchDest,
  kSecFetchMode,
  kSecFetchSite,
  kSecFetchUser,
  kServer,
  kServerTiming,
  kSetCookie,
  kTe,
  kTraceparent,
  kTracestate,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kUpgradeInsecureRequests,
  kUserAgent,
  kVary,
  kVia,
  kXEnvoyAttemptCount,
  kXEnvoyExpectedRqTimeoutMs,
  kXEnvoyOverloaded,
  kXEnvoyRatelimited,
  kXForwardedFor,
  kXForwardedProto,
  kXRequestDeadlineMs,
  kXRequestId,
  kXWeirPriority,
};

/// Lower-case spelling of each HeaderName, by its number; kOther is empty.
inline constexpr std::array<std::string_view, 63> kHeaderNames = {
    "",
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "baggage",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "endpoint-load-metrics",
    "endpoint-load-metrics-bin",
    "etag",
    "expect",
    "forwarded",
    "grpc-previous-rpc-attempts",
    "grpc-retry-pushback-ms",
    "grpc-status",
    "grpc-timeout",
    "host",
    "http2-settings",
    "idempotency-key",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "last-modified",
    "location",
    "origin",
    "priority",
    "proxy-connection",
    "proxy-status",
    "range",
    "referer",
    "retry-after",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "server",
    "server-timing",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "vary",
    "via",
    "x-envoy-attempt-count",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-overloaded",
    "x-envoy-ratelimited",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-deadline-ms",
    "x-request-id",
    "x-weir-priority",
};
static_assert(kHeaderNames.size() == static_cast<size_t>(HeaderName::kXWeirPriority) + 1);
static_assert(kHeaderNames.size() <= 64, "a HeaderSet is one 64-bit word");

constexpr std::string_view to_string(HeaderName name) noexcept {
  return kHeaderNames[static_cast<size_t>(name)];
}

/// The well-known name that `name` spells in any letter case, else kOther. Exact for any bytes.
/// About 3 ns: one perfect-hash probe and at most four 8-byte compares.
HeaderName recognise(std::string_view name) noexcept;

/// A set of well-known names. A value; no allocation.
class HeaderSet {
 public:
  constexpr HeaderSet() noexcept = default;
  constexpr HeaderSet(std::initializer_list<HeaderName> names) noexcept {
    for (HeaderName name : names) insert(name);
  }

  constexpr void insert(HeaderName name) noexcept { bits_ |= bit(name); }
  constexpr bool contains(HeaderName name) const noexcept { return (bits_ & bit(name)) != 0; }
  constexpr bool intersects(HeaderSet other) const noexcept { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }

  friend constexpr HeaderSet operator|(HeaderSet a, HeaderSet b) noexcept {
    a.bits_ |= b.bits_;
    return a;
  }
  friend constexpr bool operator==(HeaderSet, HeaderSet) noexcept = default;

 private:
  static constexpr uint64_t bit(HeaderName name) noexcept {
    return uint64_t{1} << static_cast<unsigned>(name);
  }
  uint64_t bits_ = 0;
};

}  // namespace weir::http
