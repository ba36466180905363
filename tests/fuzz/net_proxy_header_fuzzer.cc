// PROXY protocol headers: whatever comes, a header that is accepted lies within the input and says
// what it says again when it is written anew in either version; and each of its beginnings only
// asks for more.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/proxy_header.h"
#include "weir/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weir::net::parse_proxy_header;
  using weir::net::ProxyParse;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const weir::net::ProxyParsed parsed = parse_proxy_header(input);
  if (parsed.status != ProxyParse::kDone) return 0;
  WEIR_ASSERT(parsed.size > 0 && parsed.size <= size &&
              parsed.size <= weir::net::kProxyHeaderBytesMax);
  for (size_t cut = 0; cut < parsed.size; ++cut)
    WEIR_ASSERT(parse_proxy_header(input.substr(0, cut)).status == ProxyParse::kNeedMore);
  if (!parsed.header.proxied) return 0;
  for (const int version : {1, 2}) {
    const auto again = parse_proxy_header(
        weir::net::write_proxy_header(version, parsed.header.source, parsed.header.destination));
    WEIR_ASSERT(again.status == ProxyParse::kDone && again.header.proxied);
    WEIR_ASSERT(again.header.source == parsed.header.source);
    WEIR_ASSERT(again.header.destination == parsed.header.destination);
  }
  return 0;
}
