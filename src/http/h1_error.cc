#include "http/h1_error.h"

namespace weir::http {

uint16_t http_status(H1Error error) noexcept {
  if (error == H1Error::kTargetTooLong) return 414;
  if (error == H1Error::kHeadTooLarge || error == H1Error::kTooManyHeaders) return 431;
  if (error == H1Error::kUnknownTransferCoding) return 501;
  if (error == H1Error::kUnsupportedVersion) return 505;
  return 400;
}

std::string_view to_string(H1Error error) noexcept {
  switch (error) {
    case H1Error::kNone: return "none";
    case H1Error::kBareLf: return "bare_lf";
    case H1Error::kBareCr: return "bare_cr";
    case H1Error::kControlCharacter: return "control_character";
    case H1Error::kObsFold: return "obs_fold";
    case H1Error::kSpaceBeforeColon: return "space_before_colon";
    case H1Error::kBadHeaderName: return "bad_header_name";
    case H1Error::kBadRequestLine: return "bad_request_line";
    case H1Error::kBadMethod: return "bad_method";
    case H1Error::kBadTarget: return "bad_target";
    case H1Error::kBadVersion: return "bad_version";
    case H1Error::kUnsupportedVersion: return "unsupported_version";
    case H1Error::kBadStatusLine: return "bad_status_line";
    case H1Error::kNoHost: return "no_host";
    case H1Error::kDuplicateHost: return "duplicate_host";
    case H1Error::kBadHost: return "bad_host";
    case H1Error::kHostMismatch: return "host_mismatch";
    case H1Error::kBadContentLength: return "bad_content_length";
    case H1Error::kDuplicateContentLength: return "duplicate_content_length";
    case H1Error::kLengthAndCoding: return "content_length_and_coding";
    case H1Error::kCodingOnHttp10: return "transfer_coding_on_http10";
    case H1Error::kBadTransferCoding: return "bad_transfer_coding";
    case H1Error::kUnknownTransferCoding: return "unknown_transfer_coding";
    case H1Error::kConnectWithBody: return "connect_with_body";
    case H1Error::kUnexpectedUpgrade: return "unexpected_upgrade";
    case H1Error::kBadChunkSize: return "bad_chunk_size";
    case H1Error::kBadChunkData: return "bad_chunk_data";
    case H1Error::kBadTrailer: return "bad_trailer";
    case H1Error::kTargetTooLong: return "target_too_long";
    case H1Error::kHeadTooLarge: return "head_too_large";
    case H1Error::kTooManyHeaders: return "too_many_headers";
    case H1Error::kTrailersTooLarge: return "trailers_too_large";
    case H1Error::kChunkExtensionsTooLarge: return "chunk_extensions_too_large";
  }
  return "?";
}

}  // namespace weir::http
