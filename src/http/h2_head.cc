#include "http/h2_head.h"

#include <algorithm>

#include "http/authority.h"
#include "http/chars.h"
#include "http/h1_framing.h"
#include "http/scan.h"

namespace weir::http {
namespace {

constexpr uint32_t kFieldOverhead = 32;  // RFC 9113 §6.5.2

// What HTTP/1 could not carry as one line. nghttp2 checks this too; here it is the last gate before
// the bytes become HTTP/1, so it does not trust.
bool is_clean_value(std::string_view value) noexcept {
  return find_control(value, 0) == value.size();
}

// One field of content-length at most, digits only. Whether it agrees with DATA is checked by
// nghttp2 as the frames come.
H2Fault read_length(const HeaderBlock& headers, bool& present, uint64_t& length) noexcept {
  present = headers.contains(HeaderName::kContentLength);
  if (!present) return H2Fault::kNone;
  return parse_content_length(headers, length) == H1Error::kNone ? H2Fault::kNone
                                                                 : H2Fault::kBadLength;
}

}  // namespace

std::string_view to_string(H2Fault fault) noexcept {
  switch (fault) {
    case H2Fault::kNone: return "none";
    case H2Fault::kBadField: return "bad_field";
    case H2Fault::kBadMethod: return "bad_method";
    case H2Fault::kBadScheme: return "bad_scheme";
    case H2Fault::kBadPath: return "bad_path";
    case H2Fault::kBadAuthority: return "bad_authority";
    case H2Fault::kHostMismatch: return "host_mismatch";
    case H2Fault::kBadLength: return "bad_content_length";
    case H2Fault::kBadStatus: return "bad_status";
    case H2Fault::kTooLarge: return "fields_too_large";
    case H2Fault::kTooManyFields: return "too_many_fields";
  }
  return "?";
}

void H2FieldCollector::begin() noexcept {
  text_.clear();
  cookies_.clear();
  list_bytes_ = 0;
  past_pseudo_ = false;
}

void H2FieldCollector::release() noexcept {
  begin();
  if (text_.capacity() > kKeptCapacity) text_ = std::string();
  if (cookies_.capacity() > kKeptCapacity) cookies_ = std::string();
}

Slice H2FieldCollector::add_pseudo(std::string_view value) {
  const Slice slice{static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(value.size())};
  text_ += value;
  list_bytes_ += static_cast<uint32_t>(value.size()) + kFieldOverhead;
  return slice;
}

bool H2FieldCollector::count(std::string_view name, std::string_view value,
                             const H2HeadLimits& limits) noexcept {
  const size_t bytes = name.size() + value.size() + kFieldOverhead;
  if (bytes > limits.list_bytes_max - std::min(list_bytes_, limits.list_bytes_max)) return false;
  list_bytes_ += static_cast<uint32_t>(bytes);
  return true;
}

H2Fault H2FieldCollector::add_field(std::string_view name, std::string_view value,
                                    const H2HeadLimits& limits, HeaderBlock& headers) {
  past_pseudo_ = true;
  if (!count(name, value, limits)) return H2Fault::kTooLarge;
  if (!is_token(name) || !is_clean_value(value)) return H2Fault::kBadField;
  if (recognise(name) == HeaderName::kCookie) {
    if (!cookies_.empty()) cookies_ += "; ";
    cookies_ += value;
    return H2Fault::kNone;
  }
  return append_line(name, value, headers);
}

H2Fault H2FieldCollector::append_line(std::string_view name, std::string_view value,
                                      HeaderBlock& headers) {
  if (headers.full()) return H2Fault::kTooManyFields;
  const size_t begin = text_.size();
  text_.append(name).append(": ").append(value);
  const std::string_view line = std::string_view(text_).substr(begin);
  if (line.size() > HeaderBlock::kLineBytesMax) return H2Fault::kTooLarge;
  headers.append(static_cast<uint32_t>(begin), line, name.size(),
                 trimmed(line.substr(name.size() + 1)), recognise(name));
  text_ += "\r\n";
  return H2Fault::kNone;
}

H2Fault H2FieldCollector::finish(HeaderBlock& headers) {
  if (!cookies_.empty()) {
    const H2Fault fault = append_line("cookie", cookies_, headers);
    if (fault != H2Fault::kNone) return fault;
  }
  headers.rebase(text_.data());
  return H2Fault::kNone;
}

void H2RequestBuilder::begin() noexcept {
  head_.reset();
  fields_.begin();
  scheme_ = {};
}

H2Fault H2RequestBuilder::add(std::string_view name, std::string_view value,
                              const H2HeadLimits& limits) {
  if (name.empty() || name.front() != ':') {
    return fields_.add_field(name, value, limits, head_.headers);
  }
  if (value.size() > limits.target_bytes_max) return H2Fault::kTooLarge;
  if (!fields_.takes_pseudo()) return H2Fault::kBadField;
  if (name == ":method" && head_.method_slice.size == 0) {
    head_.method = parse_method(value);
    head_.method_slice = fields_.add_pseudo(value);
    const bool good = is_token(value) && value.size() <= kMethodBytesMax;
    return good ? H2Fault::kNone : H2Fault::kBadMethod;
  }
  if (name == ":path" && head_.target_slice.size == 0) {
    head_.target_slice = head_.path_slice = fields_.add_pseudo(value);
  } else if (name == ":authority" && head_.authority_slice.size == 0) {
    head_.authority_slice = fields_.add_pseudo(value);
  } else if (name == ":scheme" && scheme_.size == 0) {
    scheme_ = fields_.add_pseudo(value);
  } else {
    return H2Fault::kBadField;
  }
  return H2Fault::kNone;
}

// What the pseudo-header fields may say, so that it stays one request line over HTTP/1.
H2Fault H2RequestBuilder::check_target() noexcept {
  const HeaderBlock& headers = head_.headers;
  if (head_.method != Method::kConnect) {
    const std::string_view scheme = headers.text(scheme_);
    if (scheme != "http" && scheme != "https") return H2Fault::kBadScheme;
    const std::string_view path = head_.path();
    const bool asterisk = path == "*" && head_.method == Method::kOptions;
    if (!asterisk && path.front() != '/') return H2Fault::kBadPath;
    if (find_target_end(path, 0) != path.size()) return H2Fault::kBadPath;
  }
  if (headers.repeated(HeaderName::kHost)) return H2Fault::kHostMismatch;
  const std::string_view host = headers.value(HeaderName::kHost);
  const bool told_by_host = headers.contains(HeaderName::kHost);
  if (head_.authority_slice.size == 0) {
    if (!is_valid_authority(host)) return H2Fault::kBadAuthority;
    head_.authority_slice = {static_cast<uint32_t>(host.data() - headers.text({0, 0}).data()),
                             static_cast<uint32_t>(host.size())};
    return H2Fault::kNone;
  }
  if (!is_valid_authority(head_.authority())) return H2Fault::kBadAuthority;
  // The text must be the same: with two spellings the next server could choose the other.
  const bool same = !told_by_host || equals_ignoring_case(host, head_.authority());
  return same ? H2Fault::kNone : H2Fault::kHostMismatch;
}

H2Fault H2RequestBuilder::finish(bool end_stream) {
  H2Fault fault = fields_.finish(head_.headers);
  if (fault == H2Fault::kNone) fault = check_target();
  if (fault != H2Fault::kNone) return fault;
  bool has_length = false;
  uint64_t length = 0;
  fault = read_length(head_.headers, has_length, length);
  if (fault != H2Fault::kNone) return fault;
  if (has_length) {
    head_.body = {BodyKind::kLength, length};
    if (end_stream && length != 0) return H2Fault::kBadLength;
  } else if (!end_stream) {
    head_.body = {BodyKind::kChunked, 0};
  }
  head_.keep_alive = true;
  head_.expect_continue =
      head_.body.has_body() &&
      equals_ignoring_case(head_.headers.value(HeaderName::kExpect), "100-continue");
  return H2Fault::kNone;
}

void H2ResponseBuilder::begin() noexcept {
  head_.reset();
  fields_.begin();
}

H2Fault H2ResponseBuilder::add(std::string_view name, std::string_view value,
                               const H2HeadLimits& limits) {
  if (name != ":status") {
    const bool pseudo = !name.empty() && name.front() == ':';
    return pseudo ? H2Fault::kBadField : fields_.add_field(name, value, limits, head_.headers);
  }
  if (value.size() != 3 || head_.status != 0 || !fields_.takes_pseudo()) {
    return H2Fault::kBadStatus;
  }
  int status = 0;
  for (char c : value) {
    if (!is_digit(c)) return H2Fault::kBadStatus;
    status = status * 10 + (c - '0');
  }
  if (status < 100 || status == 101) return H2Fault::kBadStatus;  // no 101 in RFC 9113 §8.6
  head_.status = static_cast<uint16_t>(status);
  head_.status_line_slice = fields_.add_pseudo(value);
  // The reason that HTTP/2 does not carry, so that the text is a status line's.
  const std::string_view reason = reason_phrase(status);
  if (!reason.empty()) {
    fields_.add_pseudo(" ");
    fields_.add_pseudo(reason);
    head_.status_line_slice.size += static_cast<uint32_t>(reason.size()) + 1;
  }
  return H2Fault::kNone;
}

H2Fault H2ResponseBuilder::finish(bool end_stream, Method request_method) {
  H2Fault fault = fields_.finish(head_.headers);
  if (fault != H2Fault::kNone) return fault;
  if (head_.status == 0) return H2Fault::kBadStatus;
  bool has_length = false;
  uint64_t length = 0;
  fault = read_length(head_.headers, has_length, length);
  if (fault != H2Fault::kNone) return fault;
  head_.has_content_length = has_length;
  head_.content_length = length;
  head_.keep_alive = true;
  const bool bodiless = request_method == Method::kHead || head_.status < 200 ||
                        head_.status == 204 || head_.status == 304;
  if (bodiless) return H2Fault::kNone;
  if (end_stream) {
    head_.body = {BodyKind::kLength, 0};
    return length == 0 ? H2Fault::kNone : H2Fault::kBadLength;
  }
  head_.body =
      has_length ? BodyFraming{BodyKind::kLength, length} : BodyFraming{BodyKind::kChunked, 0};
  return H2Fault::kNone;
}

}  // namespace weir::http
