// Request: what the admin address reads of a request, and who may ask.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace weir::admin {

/// Borrows everything from the head that was parsed.
struct Request {
  http::Method method = http::Method::kGet;
  std::string_view target;    ///< path and query
  std::string_view host{};    ///< the Host field
  std::string_view origin{};  ///< the Origin field; empty when there is none
  std::string_view last_event_id{};
  std::string_view accept{};
  std::string_view accept_encoding{};
  bool has_ctl_header = false;  ///< X-Weir-Ctl, which no form and no link can send

  std::string_view path() const noexcept { return target.substr(0, target.find('?')); }

  /// The decoded value of a member of the query; nothing when it is not there. "?a" gives "".
  std::optional<std::string> query(std::string_view name) const;
};

/// "%2F" and the like resolved; "+" stays. What is malformed is left as it is.
std::string percent_decoded(std::string_view text);

/// Whether a Host field names this machine in a way that no foreign site can arrange (DNS
/// rebinding): an address in digits, localhost, or a name of `names`.
bool is_own_host(std::string_view host, const std::vector<std::string>& names);

/// Whether an Origin field, if there is one, is that of the page served at `host`.
bool is_own_origin(std::string_view origin, std::string_view host);

}  // namespace weir::admin
