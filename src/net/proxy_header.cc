#include "net/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace weir::net {
namespace {

constexpr std::string_view kV2Signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kV2HeadBytes = 16;
constexpr size_t kV1BytesMax = 107;

template <typename T>
Address address_of(const T& native) {
  return Address::from(reinterpret_cast<const sockaddr*>(&native), sizeof native);
}

Address v4_address(const char* ip, const char* port) {
  sockaddr_in native{};
  native.sin_family = AF_INET;
  std::memcpy(&native.sin_addr, ip, 4);
  std::memcpy(&native.sin_port, port, 2);
  return address_of(native);
}

Address v6_address(const char* ip, const char* port) {
  sockaddr_in6 native{};
  native.sin6_family = AF_INET6;
  std::memcpy(&native.sin6_addr, ip, 16);
  std::memcpy(&native.sin6_port, port, 2);
  return address_of(native);
}

// Takes the next word of a line whose words are apart by exactly one blank.
std::string_view next_word(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

bool read_port(std::string_view text, uint16_t& port) {
  const bool plain = !text.empty() && (text.front() != '0' || text.size() == 1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return plain && error == std::errc() && end == text.data() + text.size();
}

bool read_address(bool v6, std::string_view ip, std::string_view port_text, Address& out) {
  uint16_t port = 0;
  std::array<char, 16> bytes;
  const std::string text(ip);
  if (!read_port(port_text, port)) return false;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) != 1) return false;
  const uint16_t wire_port = htons(port);
  const char* port_bytes = reinterpret_cast<const char*>(&wire_port);
  out = v6 ? v6_address(bytes.data(), port_bytes) : v4_address(bytes.data(), port_bytes);
  return true;
}

ProxyParsed parse_v1(std::string_view bytes) {
  ProxyParsed parsed;
  const size_t end = bytes.substr(0, kV1BytesMax).find("\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() < kV1BytesMax) parsed.status = ProxyParse::kNeedMore;
    return parsed;
  }
  std::string_view line = bytes.substr(0, end);
  next_word(line);  // PROXY
  const std::string_view family = next_word(line);
  parsed.size = end + 2;
  if (family == "UNKNOWN") {
    parsed.status = ProxyParse::kDone;
    return parsed;
  }
  if (family != "TCP4" && family != "TCP6") return parsed;
  const bool v6 = family == "TCP6";
  const std::string_view source = next_word(line);
  const std::string_view destination = next_word(line);
  const std::string_view source_port = next_word(line);
  ProxyHeader& header = parsed.header;
  const bool good = read_address(v6, source, source_port, header.source) &&
                    read_address(v6, destination, line, header.destination);
  header.proxied = good;
  if (good) parsed.status = ProxyParse::kDone;
  return parsed;
}

ProxyParsed parse_v2(std::string_view bytes) {
  ProxyParsed parsed;
  if (bytes.size() < kV2HeadBytes) {
    parsed.status = ProxyParse::kNeedMore;
    return parsed;
  }
  const auto byte = [bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t command = byte(12) & 15;
  const size_t length = size_t{byte(14)} << 8 | byte(15);
  parsed.size = kV2HeadBytes + length;
  if (byte(12) >> 4 != 2 || command > 1 || parsed.size > kProxyHeaderBytesMax) return parsed;
  if (bytes.size() < parsed.size) {
    parsed.status = ProxyParse::kNeedMore;
    return parsed;
  }
  const char* body = bytes.data() + kV2HeadBytes;
  constexpr uint8_t kTcp4 = 0x11, kTcp6 = 0x21;
  const uint8_t family = byte(13);
  ProxyHeader& header = parsed.header;
  parsed.status = ProxyParse::kDone;
  if (command == 0) return parsed;  // LOCAL
  if (family == kTcp4 && length >= 12) {
    header = {true, v4_address(body, body + 8), v4_address(body + 4, body + 10)};
  } else if (family == kTcp6 && length >= 36) {
    header = {true, v6_address(body, body + 32), v6_address(body + 16, body + 34)};
  } else if (family == kTcp4 || family == kTcp6) {
    parsed.status = ProxyParse::kBad;  // too short for what it says it holds
  }
  return parsed;
}

std::string ip_text(const Address& address) {
  std::string text = address.host();
  return text.substr(0, text.find('%'));
}

}  // namespace

ProxyParsed parse_proxy_header(std::string_view bytes) {
  constexpr std::string_view kV1Begin = "PROXY ";
  const std::string_view v1 = bytes.substr(0, kV1Begin.size());
  if (!v1.empty() && kV1Begin.starts_with(v1)) return parse_v1(bytes);
  const std::string_view v2 = bytes.substr(0, kV2Signature.size());
  if (kV2Signature.starts_with(v2)) return parse_v2(bytes);
  return {};
}

std::string write_proxy_header(int version, const Address& source, const Address& destination) {
  const int family = source.family();
  const bool known = family == destination.family() && (family == AF_INET || family == AF_INET6);
  if (version == 1) {
    if (!known) return "PROXY UNKNOWN\r\n";
    return std::string("PROXY ") + (family == AF_INET ? "TCP4 " : "TCP6 ") + ip_text(source) + " " +
           ip_text(destination) + " " + std::to_string(source.port()) + " " +
           std::to_string(destination.port()) + "\r\n";
  }
  std::string header(kV2Signature);
  header += known ? '\x21' : '\x20';
  header += known ? (family == AF_INET ? '\x11' : '\x21') : '\0';
  std::string body;
  if (known) {
    const auto add = [&body](const void* bytes, size_t size) {
      body.append(static_cast<const char*>(bytes), size);
    };
    if (family == AF_INET) {
      const auto* from = reinterpret_cast<const sockaddr_in*>(source.data());
      const auto* to = reinterpret_cast<const sockaddr_in*>(destination.data());
      add(&from->sin_addr, 4), add(&to->sin_addr, 4);
      add(&from->sin_port, 2), add(&to->sin_port, 2);
    } else {
      const auto* from = reinterpret_cast<const sockaddr_in6*>(source.data());
      const auto* to = reinterpret_cast<const sockaddr_in6*>(destination.data());
      add(&from->sin6_addr, 16), add(&to->sin6_addr, 16);
      add(&from->sin6_port, 2), add(&to->sin6_port, 2);
    }
  }
  header += static_cast<char>(body.size() >> 8);
  header += static_cast<char>(body.size());
  return header + body;
}

}  // namespace weir::net
