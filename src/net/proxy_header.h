// The PROXY protocol, versions 1 and 2: how a balancer tells on whose behalf it connects. No I/O.
// Source: The PROXY protocol, W. Tarreau, haproxy.org/download/3.0/doc/proxy-protocol.txt.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/address.h"

namespace weir::net {

/// What a header says.
struct ProxyHeader {
  /// False for LOCAL and UNKNOWN: the sender speaks for itself (a health check), and the addresses
  /// mean nothing.
  bool proxied = false;
  Address source;
  Address destination;
};

enum class ProxyParse : uint8_t { kDone, kNeedMore, kBad };

struct ProxyParsed {
  ProxyParse status = ProxyParse::kBad;
  size_t size = 0;  ///< bytes of the header; what follows is the connection's own
  ProxyHeader header;
};

/// The longest header that is read. Version 2 may carry 64 KiB of extensions (TLVs), which are
/// passed over; nobody sends more than a few hundred bytes of them.
inline constexpr size_t kProxyHeaderBytesMax = 1024;

/// Reads the header that `bytes` begins with. Strict: what is not exactly a header is kBad, since a
/// guess would let callers write their own address.
ProxyParsed parse_proxy_header(std::string_view bytes);

/// Writes a header of that version (1 or 2). Addresses other than two of IPv4 or two of IPv6 are
/// told as UNKNOWN or LOCAL.
std::string write_proxy_header(int version, const Address& source, const Address& destination);

}  // namespace weir::net
