#include "admin/request.h"

#include <gtest/gtest.h>

namespace weir::admin {
namespace {

TEST(Request, FindsMembersOfTheQuery) {
  Request request;
  request.target = "/api/tap?rejected&route=a%2Fb+c&x=";
  EXPECT_EQ(request.path(), "/api/tap");
  EXPECT_EQ(request.query("rejected"), "");
  EXPECT_EQ(request.query("route"), "a/b+c");
  EXPECT_EQ(request.query("x"), "");
  EXPECT_EQ(request.query("rej"), std::nullopt);
  request.target = "/api/tap";
  EXPECT_EQ(request.query("rejected"), std::nullopt);
}

TEST(Request, MalformedEscapesStay) {
  EXPECT_EQ(percent_decoded("%4"), "%4");
  EXPECT_EQ(percent_decoded("%zz%41"), "%zzA");
}

// DNS rebinding: a foreign name that resolves to 127.0.0.1 must not read or change anything.
TEST(Request, OnlyAddressesLocalhostAndGivenNamesAreOurs) {
  for (const char* host : {"127.0.0.1:9901", "127.0.0.1", "[::1]:9901", "[::1]", "localhost:9901",
                           "LOCALHOST", "weir.localhost:1", "10.0.0.7"})
    EXPECT_TRUE(is_own_host(host, {})) << host;
  for (const char* host : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "",
                           "[evil]:1", "1.2.3", "1.2.3.4.5", "ops.internal:9901"})
    EXPECT_FALSE(is_own_host(host, {})) << host;
  EXPECT_TRUE(is_own_host("Ops.Internal:9901", {"ops.internal"}));
}

TEST(Request, AnOriginMustBeThePageItself) {
  EXPECT_TRUE(is_own_origin("", "127.0.0.1:9901"));
  EXPECT_TRUE(is_own_origin("http://127.0.0.1:9901", "127.0.0.1:9901"));
  EXPECT_TRUE(is_own_origin("https://ops.internal", "ops.internal"));
  EXPECT_FALSE(is_own_origin("http://evil.example", "127.0.0.1:9901"));
  EXPECT_FALSE(is_own_origin("http://127.0.0.1:8080", "127.0.0.1:9901"));
  EXPECT_FALSE(is_own_origin("null", "127.0.0.1:9901"));
}

}  // namespace
}  // namespace weir::admin
