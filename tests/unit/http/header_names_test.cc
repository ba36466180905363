#include "http/header_names.h"

#include <gtest/gtest.h>

#include <string>

#include "http/authority.h"
#include "http/scan.h"

namespace weir::http {
namespace {

TEST(HeaderNames, EveryNameIsRecognisedInAnyCase) {
  for (size_t i = 1; i < kHeaderNames.size(); ++i) {
    std::string name(kHeaderNames[i]);
    EXPECT_EQ(recognise(name), static_cast<HeaderName>(i)) << name;
    for (char& c : name) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(recognise(name), static_cast<HeaderName>(i)) << name;
  }
}

TEST(HeaderNames, OneWrongByteIsNotRecognised) {
  for (size_t i = 1; i < kHeaderNames.size(); ++i) {
    for (size_t at = 0; at < kHeaderNames[i].size(); ++at) {
      std::string name(kHeaderNames[i]);
      const char right = name[at];
      for (int c = 0; c < 256; ++c) {
        name[at] = static_cast<char>(c);
        const bool same = std::tolower(c) == right && c < 128;
        if (recognise(name) == static_cast<HeaderName>(i)) {
          EXPECT_TRUE(same) << kHeaderNames[i] << " byte " << at << " = " << c;
        }
      }
    }
  }
}

TEST(HeaderNames, ShortLongAndUnknownNamesAreOther) {
  EXPECT_EQ(recognise(""), HeaderName::kOther);
  EXPECT_EQ(recognise("x"), HeaderName::kOther);
  EXPECT_EQ(recognise("x-unknown"), HeaderName::kOther);
  EXPECT_EQ(recognise("hos"), HeaderName::kOther);
  EXPECT_EQ(recognise(std::string(100, 'a')), HeaderName::kOther);
}

TEST(HeaderSet, IsASet) {
  HeaderSet set = {HeaderName::kHost, HeaderName::kXWeirPriority};
  EXPECT_TRUE(set.contains(HeaderName::kXWeirPriority));
  EXPECT_FALSE(set.contains(HeaderName::kVia));
  EXPECT_TRUE(set.intersects({HeaderName::kHost, HeaderName::kTe}));
  EXPECT_FALSE(set.intersects({HeaderName::kTe}));
}

TEST(Authority, ValidOnes) {
  for (const char* text : {"a", "a:80", "a:", "1.2.3.4:65535", "[::1]", "[2001:db8::1]:443",
                           "[fe80::1]", "my_host.example", "a%20b", "xn--e1afmkfd"}) {
    EXPECT_TRUE(is_valid_authority(text)) << text;
  }
}

TEST(Authority, InvalidOnes) {
  for (const char* text : {"", ":80", "a:b", "a:65536", "a:000080", "[]", "[::1", "::1", "[::1]x",
                           "a b", "a,b", "u@a", "a/b", "a?b", "a#b", "a\\b", "\"a\"", "[a/b]"}) {
    EXPECT_FALSE(is_valid_authority(text)) << text;
  }
}

TEST(Authority, SameServer) {
  EXPECT_TRUE(same_authority("A.b", "a.B:80"));
  EXPECT_TRUE(same_authority("[::1]:", "[::1]"));
  EXPECT_FALSE(same_authority("a", "a:81"));
  EXPECT_FALSE(same_authority("a", "b"));
}

// The vector path against the definition, at every offset and for every byte.
TEST(Scan, FindsTheFirstByteOfItsClass) {
  for (int c = 0; c < 256; ++c) {
    for (size_t at = 0; at < 40; ++at) {
      std::string bytes(40, 'a');
      bytes[at] = static_cast<char>(c);
      const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
      EXPECT_EQ(find_control(bytes, 0), control ? at : bytes.size()) << c;
      const bool no_target = c <= 0x20 || c >= 0x7f || c == '#';
      EXPECT_EQ(find_target_end(bytes, 0), no_target ? at : bytes.size()) << c;
      EXPECT_EQ(find_control(bytes, at + 1), bytes.size());
    }
  }
}

}  // namespace
}  // namespace weir::http
