// Requests that must be refused: every row of the table in docs/explanation/http1-strictness.md.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h1_parser.h"

namespace weir::http {
namespace {

using namespace std::string_literals;

struct Refused {
  const char* name;
  std::string bytes;
  H1Error error;
  int status;
};

void PrintTo(const Refused& row, std::ostream* out) {
  *out << row.name;
}

std::string post(const std::string& lines) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\nGET /smuggled HTTP/1.1\r\n\r\n";
}

std::string many_headers(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "X-" + std::to_string(i) + ": 1\r\n";
  return lines;
}

const std::vector<Refused>& framing_rows() {
  using enum H1Error;
  static const std::vector<Refused> rows = {
      {"length_and_coding", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
       kLengthAndCoding, 400},
      {"coding_and_length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
       kLengthAndCoding, 400},
      {"differing_lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n"),
       kDuplicateContentLength, 400},
      {"same_length_twice", post("Content-Length: 3\r\ncontent-length: 3\r\n"),
       kDuplicateContentLength, 400},
      {"length_list", post("Content-Length: 3, 3\r\n"), kDuplicateContentLength, 400},
      {"length_hex", post("Content-Length: 0x3\r\n"), kBadContentLength, 400},
      {"length_plus", post("Content-Length: +3\r\n"), kBadContentLength, 400},
      {"length_minus", post("Content-Length: -3\r\n"), kBadContentLength, 400},
      {"length_blank_inside", post("Content-Length: 3 3\r\n"), kBadContentLength, 400},
      {"length_empty", post("Content-Length:\r\n"), kBadContentLength, 400},
      {"length_point", post("Content-Length: 3.0\r\n"), kBadContentLength, 400},
      {"length_of_64_bits", post("Content-Length: 9223372036854775808\r\n"), kBadContentLength,
       400},
      {"length_wrapping", post("Content-Length: 18446744073709551619\r\n"), kBadContentLength, 400},
      {"coding_on_http10", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
       kCodingOnHttp10, 400},
      {"coding_unknown", post("Transfer-Encoding: xchunked\r\n"), kUnknownTransferCoding, 501},
      {"coding_gzip", post("Transfer-Encoding: gzip, chunked\r\n"), kUnknownTransferCoding, 501},
      {"coding_gzip_own_line", post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
       kUnknownTransferCoding, 501},
      {"coding_identity", post("Transfer-Encoding: identity\r\n"), kUnknownTransferCoding, 501},
      {"coding_parameter", post("Transfer-Encoding: chunked;q=1\r\n"), kUnknownTransferCoding, 501},
      {"coding_quoted", post("Transfer-Encoding: \"chunked\"\r\n"), kUnknownTransferCoding, 501},
      {"coding_twice", post("Transfer-Encoding: chunked, chunked\r\n"), kBadTransferCoding, 400},
      {"coding_on_two_lines", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       kBadTransferCoding, 400},
      {"chunked_not_last", post("Transfer-Encoding: chunked, gzip\r\n"), kBadTransferCoding, 400},
      {"chunked_then_identity",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), kBadTransferCoding,
       400},
      {"coding_empty", post("Transfer-Encoding:\r\n"), kBadTransferCoding, 400},
      {"coding_vertical_tab", post("Transfer-Encoding: \x0b"s + "chunked\r\n"), kControlCharacter,
       400},
      {"coding_with_blank_before_colon", post("Transfer-Encoding : chunked\r\n"), kSpaceBeforeColon,
       400},
      {"coding_folded", post("Transfer-Encoding:\r\n chunked\r\n"), kObsFold, 400},
      {"connect_with_body", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 1\r\n\r\nx",
       kConnectWithBody, 400},
  };
  return rows;
}

const std::vector<Refused>& syntax_rows() {
  using enum H1Error;
  static const std::vector<Refused> rows = {
      {"bare_lf_after_request_line", "GET / HTTP/1.1\nHost: a\r\n\r\n", kBareLf, 400},
      {"bare_lf_after_header", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", kBareLf, 400},
      {"bare_lf_empty_line", "GET / HTTP/1.1\r\nHost: a\r\n\n", kBareLf, 400},
      {"bare_lf_before_request", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", kBareLf, 400},
      {"bare_cr_in_value", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n", kBareCr, 400},
      {"bare_cr_in_request_line", "GET /\rHTTP/1.1\r\nHost: a\r\n\r\n", kBareCr, 400},
      {"cr_cr_lf", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", kBareCr, 400},
      {"nul_in_value", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\0002\r\n\r\n"s, kControlCharacter, 400},
      {"nul_in_name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: 1\r\n\r\n"s, kControlCharacter, 400},
      {"nul_in_target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, kControlCharacter, 400},
      {"delete_in_value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", kControlCharacter, 400},
      {"obs_fold_blank", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", kObsFold, 400},
      {"obs_fold_tab", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t2\r\n\r\n", kObsFold, 400},
      {"blank_before_first_header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", kObsFold, 400},
      {"blank_only_line", "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n", kObsFold, 400},
      {"blank_before_colon", "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", kSpaceBeforeColon, 400},
      {"tab_before_colon", "GET / HTTP/1.1\r\nHost: a\r\nX\t: 1\r\n\r\n", kSpaceBeforeColon, 400},
      {"blank_in_name", "GET / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n", kBadHeaderName, 400},
      {"no_name", "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n", kBadHeaderName, 400},
      {"no_colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", kBadHeaderName, 400},
      {"name_not_ascii", "GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa9: 1\r\n\r\n", kBadHeaderName, 400},
      {"name_with_brackets", "GET / HTTP/1.1\r\nHost: a\r\nX[]: 1\r\n\r\n", kBadHeaderName, 400},
      {"name_nearly_known", "GET / HTTP/1.1\r\nHost: a\r\nContent\x0d-Length: 1\r\n\r\n", kBareCr,
       400},
  };
  return rows;
}

const std::vector<Refused>& request_line_rows() {
  using enum H1Error;
  static const std::vector<Refused> rows = {
      {"http09", "GET /\r\n", kBadRequestLine, 400},
      {"no_target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequestLine, 400},
      {"method_only", "GET\r\nHost: a\r\n\r\n", kBadRequestLine, 400},
      {"two_blanks_after_target", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", kBadVersion, 400},
      {"blank_at_end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", kBadVersion, 400},
      {"blank_in_target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", kBadVersion, 400},
      {"blank_first", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", kBadMethod, 400},
      {"tab_as_separator", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", kBadMethod, 400},
      {"tab_after_target", "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", kBadTarget, 400},
      {"method_not_token", "GE@T / HTTP/1.1\r\nHost: a\r\n\r\n", kBadMethod, 400},
      {"method_too_long", std::string(40, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequestLine,
       400},
      {"fragment", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", kBadTarget, 400},
      {"target_not_ascii", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", kBadTarget, 400},
      {"target_relative", "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", kBadTarget, 400},
      {"target_other_scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", kBadTarget, 400},
      {"target_query_without_path", "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", kBadTarget, 400},
      {"target_without_host", "GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", kBadTarget, 400},
      {"target_userinfo", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", kBadTarget, 400},
      {"asterisk_get", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", kBadTarget, 400},
      {"connect_to_path", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", kBadTarget, 400},
      {"version_lower_case", "GET / http/1.1\r\nHost: a\r\n\r\n", kBadVersion, 400},
      {"version_of_two_digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", kBadVersion, 400},
      {"version_leading_zero", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", kBadVersion, 400},
      {"version_other_protocol", "GET / ICE/1.0\r\nHost: a\r\n\r\n", kBadVersion, 400},
      {"version_2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", kUnsupportedVersion, 505},
      {"version_0", "GET / HTTP/0.9\r\n\r\n", kUnsupportedVersion, 505},
      {"http2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", kUnsupportedVersion, 505},
      {"two_empty_lines_first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequestLine, 400},
      {"tls_hello", "\x16\x03\x01\x02"s, kControlCharacter, 400},
  };
  return rows;
}

const std::vector<Refused>& host_and_size_rows() {
  using enum H1Error;
  const std::string target(16 * 1024 + 1, 'a');
  const std::string value(60 * 1024, 'v');
  static const std::vector<Refused> rows = {
      {"no_host", "GET / HTTP/1.1\r\n\r\n", kNoHost, 400},
      {"no_host_absolute", "GET http://a/ HTTP/1.1\r\n\r\n", kNoHost, 400},
      {"two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", kDuplicateHost, 400},
      {"same_host_twice", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", kDuplicateHost, 400},
      {"two_hosts_http10", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", kDuplicateHost, 400},
      {"host_empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", kBadHost, 400},
      {"host_list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", kBadHost, 400},
      {"host_comma", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", kBadHost, 400},
      {"host_slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", kBadHost, 400},
      {"host_userinfo", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", kBadHost, 400},
      {"host_blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", kBadHost, 400},
      {"host_not_ascii", "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", kBadHost, 400},
      {"host_port_letters", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", kBadHost, 400},
      {"host_port_too_big", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", kBadHost, 400},
      {"host_two_ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", kBadHost, 400},
      {"host_open_bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", kBadHost, 400},
      {"host_port_only", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", kBadHost, 400},
      {"host_is_not_target", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", kHostMismatch, 400},
      {"host_is_other_port", "GET http://a/ HTTP/1.1\r\nHost: a:81\r\n\r\n", kHostMismatch, 400},
      {"target_too_long", "GET /" + target + " HTTP/1.1\r\nHost: a\r\n\r\n", kTargetTooLong, 414},
      {"target_too_long_unfinished", "GET /" + target + target, kTargetTooLong, 414},
      {"too_many_headers", "GET / HTTP/1.1\r\nHost: a\r\n" + many_headers(100) + "\r\n",
       kTooManyHeaders, 431},
      {"header_too_large", "GET / HTTP/1.1\r\nHost: a\r\nX: " + value + "\r\n\r\n", kHeadTooLarge,
       431},
      {"header_too_large_unfinished", "GET / HTTP/1.1\r\nHost: a\r\nX: " + value, kHeadTooLarge,
       431},
      {"headers_too_large_together",
       "GET / HTTP/1.1\r\nHost: a\r\nX: " + value.substr(0, 31 * 1024) +
           "\r\nY: " + value.substr(0, 31 * 1024) + "\r\n\r\n",
       kHeadTooLarge, 431},
  };
  return rows;
}

class H1Reject : public testing::TestWithParam<Refused> {};

TEST_P(H1Reject, WithStatusAndReason) {
  const Refused& row = GetParam();
  RequestHead head;
  const ParseResult result = parse_request(row.bytes, HeadLimits{}, head);
  ASSERT_EQ(result.status, ParseStatus::kError);
  EXPECT_EQ(to_string(result.error), to_string(row.error));
  EXPECT_EQ(http_status(result.error), row.status);
}

std::string name_of(const testing::TestParamInfo<Refused>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Framing, H1Reject, testing::ValuesIn(framing_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(Syntax, H1Reject, testing::ValuesIn(syntax_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(RequestLine, H1Reject, testing::ValuesIn(request_line_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(HostAndSize, H1Reject, testing::ValuesIn(host_and_size_rows()), name_of);

TEST(H1RejectEarly, AnErrorIsToldBeforeTheHeadIsComplete) {
  for (const auto* rows : {&framing_rows(), &syntax_rows(), &request_line_rows()}) {
    for (const Refused& row : *rows) {
      if (row.error != H1Error::kBareLf && row.error != H1Error::kControlCharacter) continue;
      const size_t bad = row.bytes.find_first_of("\x7f\n\x0b\x16\0"s);
      size_t until = bad;
      while (until > 0 && row.bytes[until] == '\n' && row.bytes[until - 1] == '\r') {
        until = row.bytes.find_first_of("\x7f\n\x0b\x16\0"s, until + 1);
      }
      RequestHead head;
      const auto result = parse_request(std::string_view(row.bytes).substr(0, until + 1), {}, head);
      EXPECT_EQ(result.error, row.error) << row.name;
    }
  }
}

}  // namespace
}  // namespace weir::http
