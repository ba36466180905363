#include "http/authority.h"

#include "http/chars.h"

namespace weir::http {
namespace {

constexpr CharTable kNameChars = alphanumeric_and("-._~%!$&'()*+;=");
constexpr CharTable kAddressChars = alphanumeric_and("-._~:");  // IPv6address or IPvFuture
constexpr int kPortMax = 65'535;
constexpr int kNoPort = -1;
constexpr int kBadPort = -2;

struct Parts {
  std::string_view host;
  std::string_view port_text;  ///< with its colon
};

Parts split(std::string_view text) noexcept {
  const size_t bracket = text.rfind(']');
  const size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon)};
}

// An empty port (":" alone) is legal by the grammar and means the default.
int port_of(std::string_view port_text) noexcept {
  if (port_text.size() <= 1) return kNoPort;
  port_text.remove_prefix(1);
  if (port_text.size() > 5) return kBadPort;
  int port = 0;
  for (char c : port_text) {
    if (!is_digit(c)) return kBadPort;
    port = port * 10 + (c - '0');
  }
  return port <= kPortMax ? port : kBadPort;
}

}  // namespace

bool is_valid_authority(std::string_view text) noexcept {
  const auto [host, port_text] = split(text);
  if (port_of(port_text) == kBadPort || host.empty()) return false;
  if (host.front() != '[') return all_of(kNameChars, host);
  return host.size() > 2 && host.back() == ']' &&
         all_of(kAddressChars, host.substr(1, host.size() - 2));
}

bool same_authority(std::string_view a, std::string_view b) noexcept {
  constexpr int kDefaultPort = 80;
  const Parts left = split(a);
  const Parts right = split(b);
  const int left_port = port_of(left.port_text);
  const int right_port = port_of(right.port_text);
  return equals_ignoring_case(left.host, right.host) &&
         (left_port == kNoPort ? kDefaultPort : left_port) ==
             (right_port == kNoPort ? kDefaultPort : right_port);
}

}  // namespace weir::http
