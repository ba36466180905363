#include "admin/request.h"

#include <algorithm>
#include <cctype>

#include "net/address.h"

namespace weir::admin {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Host without its port; the brackets of IPv6 stay.
std::string_view without_port(std::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon == host.npos || host.find(']', colon) != host.npos) return host;
  return host.substr(0, colon);
}

bool is_digits_address(std::string_view host) {
  if (host.starts_with('['))
    return host.ends_with(']') && net::Address::parse(std::string(host) + ":1").has_value();
  const bool plausible =
      !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
  return plausible && net::Address::parse(std::string(host) + ":1").has_value();
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                         hex_value(text[i + 2]) >= 0;
    if (!escaped) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

std::optional<std::string> Request::query(std::string_view name) const {
  const size_t mark = target.find('?');
  std::string_view rest = mark == target.npos ? std::string_view() : target.substr(mark + 1);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view member = rest.substr(0, end);
    const size_t equals = std::min(member.find('='), member.size());
    if (member.substr(0, equals) == name)
      return percent_decoded(equals < member.size() ? member.substr(equals + 1) : "");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

bool is_own_host(std::string_view host, const std::vector<std::string>& names) {
  std::string name(without_port(host));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name == "localhost" || name.ends_with(".localhost") || is_digits_address(name)) return true;
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_own_origin(std::string_view origin, std::string_view host) {
  if (origin.empty()) return true;
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme) && origin.substr(scheme.size()) == host) return true;
  return false;
}

}  // namespace weir::admin
