#include "http/h1_framing.h"

#include <limits>

#include "http/authority.h"
#include "http/chars.h"

namespace weir::http {
namespace {

void read_connection(const HeaderBlock& headers, ConnectionOptions& options) noexcept {
  headers.for_each(HeaderName::kConnection, [&options](std::string_view list) {
    for_each_element(list, [&options](std::string_view option) {
      if (equals_ignoring_case(option, "close")) {
        options.close = true;
      } else if (equals_ignoring_case(option, "keep-alive")) {
        options.keep_alive = true;
      } else if (equals_ignoring_case(option, "upgrade")) {
        options.upgrade = true;
      } else {
        options.others = true;
      }
    });
  });
}

// Only "chunked", once. The last coding must be chunked, else no receiver can find the end.
H1Error check_transfer_coding(const HeaderBlock& headers, int minor_version) noexcept {
  if (minor_version == 0) return H1Error::kCodingOnHttp10;
  int chunked = 0;
  int unknown = 0;
  bool last_is_chunked = false;
  headers.for_each(HeaderName::kTransferEncoding, [&](std::string_view list) {
    for_each_element(list, [&](std::string_view coding) {
      last_is_chunked = equals_ignoring_case(coding, "chunked");
      ++(last_is_chunked ? chunked : unknown);
    });
  });
  if (chunked > 1 || (chunked == 1 && !last_is_chunked)) return H1Error::kBadTransferCoding;
  if (unknown > 0) return H1Error::kUnknownTransferCoding;
  return chunked == 1 ? H1Error::kNone : H1Error::kBadTransferCoding;
}

struct Length {
  H1Error error = H1Error::kNone;
  bool coded = false;
  bool present = false;
  uint64_t value = 0;
};

// The part of framing that requests and responses share.
Length read_length(const HeaderBlock& headers, int minor_version) noexcept {
  Length length;
  const bool coded = headers.contains(HeaderName::kTransferEncoding);
  const bool present = headers.contains(HeaderName::kContentLength);
  if (coded && present) {
    length.error = H1Error::kLengthAndCoding;
  } else if (coded) {
    length.error = check_transfer_coding(headers, minor_version);
    length.coded = true;
  } else if (present) {
    length.error = parse_content_length(headers, length.value);
    length.present = true;
  }
  return length;
}

H1Error check_host(RequestHead& head) noexcept {
  const HeaderBlock& headers = head.headers;
  if (headers.repeated(HeaderName::kHost)) return H1Error::kDuplicateHost;
  const bool from_target = head.authority_slice.size != 0;
  if (from_target && !is_valid_authority(head.authority())) return H1Error::kBadTarget;
  // An absolute target must name a host: "http:///path" does not.
  const bool absolute_without_host = !from_target && head.method != Method::kConnect &&
                                     head.target().front() != '/' && head.target() != "*";
  if (absolute_without_host) return H1Error::kBadTarget;
  if (!headers.contains(HeaderName::kHost)) {
    return head.minor_version == 0 ? H1Error::kNone : H1Error::kNoHost;
  }
  const std::string_view host = headers.value(HeaderName::kHost);
  if (!is_valid_authority(host)) return H1Error::kBadHost;
  if (from_target) {
    return same_authority(host, head.authority()) ? H1Error::kNone : H1Error::kHostMismatch;
  }
  const char* base = head.headers.text({0, 0}).data();
  head.authority_slice = {static_cast<uint32_t>(host.data() - base),
                          static_cast<uint32_t>(host.size())};
  return H1Error::kNone;
}

bool offers_h2c(const HeaderBlock& headers) noexcept {
  bool found = false;
  headers.for_each(HeaderName::kUpgrade, [&found](std::string_view list) {
    for_each_element(list, [&found](std::string_view protocol) {
      found = found || equals_ignoring_case(protocol.substr(0, 3), "h2c");
    });
  });
  return found;
}

// An upgrade is honoured only where nothing can be hidden behind it: no body, and not h2c, whose
// tunnel would carry requests past every check (PROXY.md).
bool honours_upgrade(const RequestHead& head) noexcept {
  return head.minor_version == 1 && head.connection.upgrade &&
         head.headers.contains(HeaderName::kUpgrade) && !head.body.has_body() &&
         !offers_h2c(head.headers);
}

bool persists(int minor_version, ConnectionOptions connection) noexcept {
  return !connection.close && (minor_version == 1 || connection.keep_alive);
}

bool has_no_body_by_rule(const ResponseHead& head, ResponseTo request) noexcept {
  return request.method == Method::kHead || head.status < 200 || head.status == 204 ||
         head.status == 304;
}

}  // namespace

H1Error parse_content_length(const HeaderBlock& headers, uint64_t& length) noexcept {
  if (headers.repeated(HeaderName::kContentLength)) return H1Error::kDuplicateContentLength;
  const std::string_view text = headers.value(HeaderName::kContentLength);
  if (text.empty()) return H1Error::kBadContentLength;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  length = 0;
  for (char c : text) {
    if (c == ',') return H1Error::kDuplicateContentLength;
    if (!is_digit(c)) return H1Error::kBadContentLength;
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    if (length > (kMax - digit) / 10) return H1Error::kBadContentLength;
    length = length * 10 + digit;
  }
  return H1Error::kNone;
}

H1Error finish_request(RequestHead& head) noexcept {
  const HeaderBlock& headers = head.headers;
  const H1Error host = check_host(head);
  if (host != H1Error::kNone) return host;
  const Length length = read_length(headers, head.minor_version);
  if (length.error != H1Error::kNone) return length.error;
  if (length.coded) {
    head.body = {BodyKind::kChunked, 0};
  } else if (length.present) {
    head.body = {BodyKind::kLength, length.value};
  }
  // What follows a CONNECT head is the tunnel; a length there is another way to disagree.
  if (head.method == Method::kConnect && head.body.has_body()) return H1Error::kConnectWithBody;
  read_connection(headers, head.connection);
  head.keep_alive = persists(head.minor_version, head.connection);
  head.upgrade = honours_upgrade(head);
  head.expect_continue = head.minor_version == 1 && head.body.has_body() &&
                         equals_ignoring_case(headers.value(HeaderName::kExpect), "100-continue");
  return H1Error::kNone;
}

H1Error finish_response(ResponseHead& head, ResponseTo request) noexcept {
  const Length length = read_length(head.headers, head.minor_version);
  if (length.error != H1Error::kNone) return length.error;
  read_connection(head.headers, head.connection);
  head.keep_alive = persists(head.minor_version, head.connection);
  head.has_content_length = length.present;
  head.content_length = length.value;
  if (head.status == 101 && !request.upgrade) return H1Error::kUnexpectedUpgrade;
  const bool tunnel = request.method == Method::kConnect && head.status / 100 == 2;
  head.switches_protocol = tunnel || head.status == 101;
  if (head.switches_protocol) {
    head.keep_alive = false;
    return H1Error::kNone;
  }
  if (has_no_body_by_rule(head, request)) return H1Error::kNone;
  if (length.coded) {
    head.body = {BodyKind::kChunked, 0};
  } else if (length.present) {
    head.body = {BodyKind::kLength, length.value};
  } else {
    head.body = {BodyKind::kUntilClose, 0};
    head.keep_alive = false;
  }
  return H1Error::kNone;
}

}  // namespace weir::http
