#include "net/proxy_header.h"

#include <gtest/gtest.h>

namespace weir::net {
namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

ProxyParse status_of(const std::string& bytes) {
  return parse_proxy_header(bytes).status;
}

TEST(ProxyHeader, BothVersionsComeBackAsWritten) {
  const char* pairs[][2] = {{"192.0.2.7:4711", "198.51.100.1:443"},
                            {"[2001:db8::7]:1", "[::1]:65535"}};
  for (const auto& [from, to] : pairs) {
    for (const int version : {1, 2}) {
      const std::string bytes =
          write_proxy_header(version, *Address::parse(from), *Address::parse(to)) + "GET";
      const ProxyParsed parsed = parse_proxy_header(bytes);
      ASSERT_EQ(parsed.status, ProxyParse::kDone) << bytes;
      EXPECT_EQ(parsed.size, bytes.size() - 3);
      EXPECT_TRUE(parsed.header.proxied);
      EXPECT_EQ(parsed.header.source.to_string(), from);
      EXPECT_EQ(parsed.header.destination.to_string(), to);
      for (size_t cut = 0; cut < parsed.size; ++cut)
        ASSERT_EQ(status_of(bytes.substr(0, cut)), ProxyParse::kNeedMore) << version << " " << cut;
    }
  }
}

TEST(ProxyHeader, WhoSpeaksForItselfIsNotProxied) {
  const Address local = *Address::parse("unix:/tmp/s");
  for (const int version : {1, 2}) {
    const ProxyParsed parsed = parse_proxy_header(write_proxy_header(version, local, local));
    EXPECT_EQ(parsed.status, ProxyParse::kDone);
    EXPECT_FALSE(parsed.header.proxied);
  }
}

TEST(ProxyHeader, ExtensionsArePassedOverWithinABound) {
  const std::string addresses("\x01\x02\x03\x04\x05\x06\x07\x08\x00\x50\x01\xbb", 12);
  const std::string header = kSignature + "\x21\x11" + std::string("\0\x14", 2) + addresses +
                             std::string("\x04\0\x05hello", 8);
  const ProxyParsed parsed = parse_proxy_header(header + "x");
  ASSERT_EQ(parsed.status, ProxyParse::kDone);
  EXPECT_EQ(parsed.size, header.size());
  EXPECT_EQ(parsed.header.source.to_string(), "1.2.3.4:80");
  EXPECT_EQ(status_of(kSignature + "\x21\x11\xff\xff"), ProxyParse::kBad);
}

TEST(ProxyHeader, WhatIsNotExactlyAHeaderIsRefused) {
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n"),
        std::string("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"),
        std::string("PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n"),
        std::string("PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n"),
        std::string("PROXY TCP4 ::1 ::1 1 2\r\n"),
        std::string("PROXY TCP4 1.2.3.4 5.6.7.8 1 70000\r\n"),
        std::string("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n"),
        std::string("PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n"), std::string("PROXY \r\n"),
        "PROXY TCP4 " + std::string(200, '1'), std::string("proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n"),
        kSignature + std::string("\x11\x11\0\x0c", 4),
        kSignature + std::string("\x22\x11\0\x0c", 4),
        kSignature + std::string("\x21\x11\0\x04"
                                 "abcd",
                                 8)}) {
    EXPECT_EQ(status_of(bytes), ProxyParse::kBad) << bytes;
  }
}

}  // namespace
}  // namespace weir::net
