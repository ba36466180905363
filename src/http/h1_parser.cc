#include "http/h1_parser.h"

#include "http/chars.h"
#include "http/h1_framing.h"
#include "http/scan.h"

namespace weir::http {
namespace {

constexpr size_t kVersionBytes = sizeof("HTTP/1.1") - 1;
// Method, version and blanks around a target of the longest size.
constexpr size_t kRequestLineExtra = kMethodBytesMax + kVersionBytes + 2;
// RFC 9112 sets no bound for a reason phrase; nobody reads one this long.
constexpr size_t kStatusLineMax = 1024;

struct Line {
  ParseStatus status;
  H1Error error;
  std::string_view text;  ///< without its CRLF
};

constexpr Line line_error(H1Error error) noexcept {
  return {ParseStatus::kError, error, {}};
}

H1Error control_error(char c) noexcept {
  return c == '\n' ? H1Error::kBareLf : H1Error::kControlCharacter;
}

// The next line, if complete; advances past it. `line_max` bounds what is awaited.
Line next_line(std::string_view bytes, HeadProgress& progress, size_t line_max,
               H1Error too_long) noexcept {
  const size_t end = find_control(bytes, progress.scanned);
  if (end - progress.line_begin > line_max) return line_error(too_long);
  if (end < bytes.size()) {
    if (bytes[end] != '\r') return line_error(control_error(bytes[end]));
    if (end + 1 < bytes.size()) {
      if (bytes[end + 1] != '\n') return line_error(H1Error::kBareCr);
      const Line line{ParseStatus::kDone, H1Error::kNone,
                      bytes.substr(progress.line_begin, end - progress.line_begin)};
      progress.line_begin = progress.scanned = static_cast<uint32_t>(end + 2);
      return line;
    }
  }
  progress.scanned = static_cast<uint32_t>(end);
  return {ParseStatus::kNeedMore, H1Error::kNone, {}};
}

H1Error bad_name(std::string_view name) noexcept {
  const bool blank_at_end = !name.empty() && is_blank(name.back());
  return blank_at_end && is_token(trimmed(name)) ? H1Error::kSpaceBeforeColon
                                                 : H1Error::kBadHeaderName;
}

H1Error parse_header(uint32_t line_begin, std::string_view line, HeaderBlock& headers) noexcept {
  if (is_blank(line.front())) return H1Error::kObsFold;
  const size_t name_size = find_colon(line);
  if (name_size == line.size()) return H1Error::kBadHeaderName;
  const std::string_view name = line.substr(0, name_size);
  const HeaderName id = recognise(name);
  // A recognised name is made of token characters by construction.
  if (id == HeaderName::kOther && !is_token(name)) return bad_name(name);
  headers.append(line_begin, line, name_size, trimmed(line.substr(name_size + 1)), id);
  return H1Error::kNone;
}

// Header lines up to and including the empty one.
Line parse_section(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress,
                   HeaderBlock& headers) noexcept {
  for (;;) {
    const uint32_t line_begin = progress.line_begin;
    const size_t used = line_begin - progress.section_begin;
    if (used > limits.header_bytes_max) return line_error(H1Error::kHeadTooLarge);
    const Line line =
        next_line(bytes, progress, limits.header_bytes_max - used, H1Error::kHeadTooLarge);
    if (line.status != ParseStatus::kDone || line.text.empty()) return line;
    if (headers.size() >= limits.headers_max) return line_error(H1Error::kTooManyHeaders);
    const H1Error error = parse_header(line_begin, line.text, headers);
    if (error != H1Error::kNone) return line_error(error);
  }
}

// "HTTP/1.0" or "HTTP/1.x"; later minor versions of 1 speak 1.1 (RFC 9110 §2.5).
H1Error parse_version(std::string_view text, uint8_t& minor_version) noexcept {
  const bool well_formed = text.size() == kVersionBytes && text.substr(0, 5) == "HTTP/" &&
                           is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
  if (!well_formed) return H1Error::kBadVersion;
  if (text[5] != '1') return H1Error::kUnsupportedVersion;
  minor_version = text[7] == '0' ? 0 : 1;
  return H1Error::kNone;
}

Slice slice(size_t begin, size_t end) noexcept {
  return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)};
}

// Sets path_slice, and authority_slice where the target carries one (RFC 9112 §3.2).
H1Error parse_target(RequestHead& head) noexcept {
  const std::string_view target = head.target();
  const size_t begin = head.target_slice.begin;
  const size_t end = begin + target.size();
  if (head.method == Method::kConnect) {
    head.authority_slice = head.target_slice;
    return H1Error::kNone;
  }
  if (target.front() == '/') {
    head.path_slice = head.target_slice;
    return H1Error::kNone;
  }
  if (target == "*") {
    head.path_slice = head.target_slice;
    return head.method == Method::kOptions ? H1Error::kNone : H1Error::kBadTarget;
  }
  const size_t colon = target.find("://");
  if (colon == std::string_view::npos) return H1Error::kBadTarget;
  const std::string_view scheme = target.substr(0, colon);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return H1Error::kBadTarget;
  }
  const size_t authority = begin + colon + 3;
  const size_t after = target.find_first_of("/?", colon + 3);
  const size_t path = after == std::string_view::npos ? end : begin + after;
  // "http://host?query" has a query without a path, which no origin form can say.
  if (path < end && target[after] == '?') return H1Error::kBadTarget;
  head.authority_slice = slice(authority, path);
  head.path_slice = slice(path, end);
  return H1Error::kNone;
}

H1Error parse_request_line(std::string_view bytes, std::string_view line, const HeadLimits& limits,
                           RequestHead& head) noexcept {
  const size_t begin = static_cast<size_t>(line.data() - bytes.data());
  const size_t method_size = line.substr(0, kMethodBytesMax + 1).find(' ');
  if (method_size == std::string_view::npos) return H1Error::kBadRequestLine;
  const std::string_view method = line.substr(0, method_size);
  head.method = parse_method(method);
  if (head.method == Method::kOther && !is_token(method)) return H1Error::kBadMethod;
  const size_t target_end = find_target_end(line, method_size + 1);
  const size_t target_size = target_end - method_size - 1;
  if (target_size > limits.target_bytes_max) return H1Error::kTargetTooLong;
  if (target_size == 0 || target_end == line.size()) return H1Error::kBadRequestLine;
  if (line[target_end] != ' ') return H1Error::kBadTarget;
  const H1Error version = parse_version(line.substr(target_end + 1), head.minor_version);
  if (version != H1Error::kNone) return version;
  head.method_slice = slice(begin, begin + method_size);
  head.target_slice = slice(begin + method_size + 1, begin + target_end);
  return parse_target(head);
}

H1Error parse_status_line(std::string_view bytes, std::string_view line,
                          ResponseHead& head) noexcept {
  constexpr size_t kStatusAt = kVersionBytes + 1;
  constexpr size_t kStatusEnd = kStatusAt + 3;
  if (line.size() < kStatusEnd || line[kVersionBytes] != ' ') return H1Error::kBadStatusLine;
  if (parse_version(line.substr(0, kVersionBytes), head.minor_version) != H1Error::kNone) {
    return H1Error::kBadVersion;
  }
  int status = 0;
  for (char c : line.substr(kStatusAt, 3)) {
    if (!is_digit(c)) return H1Error::kBadStatusLine;
    status = status * 10 + (c - '0');
  }
  // The blank before an empty reason is often left out; the code alone is what counts.
  const bool ends_well = line.size() == kStatusEnd || line[kStatusEnd] == ' ';
  if (status < 100 || !ends_well) return H1Error::kBadStatusLine;
  head.status = static_cast<uint16_t>(status);
  const size_t begin = static_cast<size_t>(line.data() - bytes.data());
  head.status_line_slice = slice(begin + kStatusAt, begin + line.size());
  return H1Error::kNone;
}

ParseResult failure(H1Error error) noexcept {
  return {ParseStatus::kError, error, 0};
}

ParseResult unfinished(const Line& line) noexcept {
  return {line.status, line.error, 0};
}

}  // namespace

ParseResult parse_request(std::string_view bytes, const HeadLimits& limits,
                          RequestHead& head) noexcept {
  WEIR_ASSERT(limits.headers_max <= HeaderBlock::kHeadersMax);
  WEIR_ASSERT(limits.header_bytes_max <= HeaderBlock::kLineBytesMax);
  head.headers.rebase(bytes.data());
  HeadProgress& progress = head.progress;
  while (progress.section_begin == 0) {
    const Line line = next_line(bytes, progress, limits.target_bytes_max + kRequestLineExtra,
                                H1Error::kTargetTooLong);
    if (line.status != ParseStatus::kDone) return unfinished(line);
    if (line.text.empty() && !progress.past_empty_line) {
      progress.past_empty_line = true;
      continue;
    }
    const H1Error error = parse_request_line(bytes, line.text, limits, head);
    if (error != H1Error::kNone) return failure(error);
    progress.section_begin = progress.line_begin;
  }
  const Line line = parse_section(bytes, limits, progress, head.headers);
  if (line.status != ParseStatus::kDone) return unfinished(line);
  const H1Error error = finish_request(head);
  if (error != H1Error::kNone) return failure(error);
  return {ParseStatus::kDone, H1Error::kNone, progress.line_begin};
}

ParseResult parse_response(std::string_view bytes, const HeadLimits& limits, ResponseTo request,
                           ResponseHead& head) noexcept {
  WEIR_ASSERT(limits.headers_max <= HeaderBlock::kHeadersMax);
  WEIR_ASSERT(limits.header_bytes_max <= HeaderBlock::kLineBytesMax);
  head.headers.rebase(bytes.data());
  HeadProgress& progress = head.progress;
  if (progress.section_begin == 0) {
    const Line line = next_line(bytes, progress, kStatusLineMax, H1Error::kHeadTooLarge);
    if (line.status != ParseStatus::kDone) return unfinished(line);
    const H1Error error = parse_status_line(bytes, line.text, head);
    if (error != H1Error::kNone) return failure(error);
    progress.section_begin = progress.line_begin;
  }
  const Line line = parse_section(bytes, limits, progress, head.headers);
  if (line.status != ParseStatus::kDone) return unfinished(line);
  const H1Error error = finish_response(head, request);
  if (error != H1Error::kNone) return failure(error);
  return {ParseStatus::kDone, H1Error::kNone, progress.line_begin};
}

}  // namespace weir::http
