#include "net/address.h"

#include <gtest/gtest.h>

#include "net/url.h"

namespace weir::net {
namespace {

TEST(Address, ReadsAndWritesTheSameText) {
  for (const char* text : {"127.0.0.1:8080", "[::1]:80", "10.1.2.3:0", "unix:/run/weir.sock"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
  EXPECT_EQ(Address::parse(":8080")->to_string(), "0.0.0.0:8080");
  EXPECT_EQ(Address::parse("localhost:80")->to_string(), "127.0.0.1:80");
  EXPECT_EQ(Address::parse("[::1]:80")->host(), "::1");
  EXPECT_EQ(Address::parse("[::1]:80")->port(), 80);
}

TEST(Address, RefusesWithAReasonAndARemedy) {
  for (const char* text :
       {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1",
        "::1:80", "[127.0.0.1]:80", "nohost:80", "unix:", "300.1.1.1:80", "127.0.0.1: 80"}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().kind, ErrorKind::kUsage) << text;
    EXPECT_FALSE(address.error().message.empty());
    EXPECT_FALSE(address.error().remedy.empty());
  }
  EXPECT_FALSE(Address::parse("unix:/" + std::string(200, 'x')));
}

TEST(Url, ReadsWhatUpstreamsLookLike) {
  const auto url = Url::parse("http://127.0.0.1:9000");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->endpoint, "127.0.0.1:9000");
  EXPECT_EQ(url->authority, "127.0.0.1:9000");
  EXPECT_EQ(Url::parse("http://shop.example/")->endpoint, "shop.example:80");
  EXPECT_EQ(Url::parse("http://shop.example")->authority, "shop.example");
  EXPECT_EQ(Url::parse("http://[::1]:81")->endpoint, "[::1]:81");
  EXPECT_EQ(Url::parse("unix:/tmp/s")->endpoint, "unix:/tmp/s");
}

TEST(Url, Http2WithPriorKnowledgeIsForThoseWhoSpeakIt) {
  const auto url = Url::parse("h2c://shop.example:9000", Url::Schemes::kAll);
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->h2);
  EXPECT_EQ(url->endpoint, "shop.example:9000");
  EXPECT_TRUE(Url::parse("h2c+unix:/tmp/s", Url::Schemes::kAll)->h2);
  EXPECT_FALSE(Url::parse("http://a", Url::Schemes::kAll)->h2);
  EXPECT_FALSE(Url::parse("h2c://shop.example:9000"));
  EXPECT_FALSE(Url::parse("h2c+http://a", Url::Schemes::kAll));
}

TEST(Url, RefusesTheRestAndSaysWhy) {
  for (const char* text : {"", "http://", "127.0.0.1:9000", "https://a", "ftp://a", "http://a/b",
                           "http://a?x", "http://u@a", "http://a:0", "http://a:99999", "http://a:b",
                           "http://[::1", "http://a b", "http://[::1]x", "http://a:"}) {
    const auto url = Url::parse(text);
    EXPECT_FALSE(url) << text;
    if (url) continue;
    EXPECT_EQ(url.error().kind, ErrorKind::kUsage);
    EXPECT_NE(url.error().message.find(text), std::string::npos);
  }
}

}  // namespace
}  // namespace weir::net
