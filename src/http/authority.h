// host[:port], checked strictly: what Host, :authority and absolute targets carry.
#pragma once

#include <string_view>

namespace weir::http {

/// True for `uri-host [":" port]` of RFC 3986 §3.2.2 with a host that is not empty: a name or IPv4
/// address of unreserved characters, "%", "!$&'()*+;=", or an address in brackets; a port of at
/// most five digits and 65535. No userinfo, no comma (two hosts in one field).
bool is_valid_authority(std::string_view text) noexcept;

/// The same server: hosts equal without regard to case, ports equal with 80 as the default.
bool same_authority(std::string_view a, std::string_view b) noexcept;

}  // namespace weir::http
