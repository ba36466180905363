#include "proxy/route_matcher.h"

#include <gtest/gtest.h>

#include <string>

#include "http/h1_parser.h"

namespace weir::proxy {
namespace {

bool matches(const RouteMatch& match, const std::string& start, const std::string& lines = "") {
  const std::string text =
      start + " HTTP/1.1\r\n" +
      (lines.find("Host:") == lines.npos ? "Host: shop.example:8080\r\n" : "") + lines + "\r\n";
  http::RequestHead head;
  EXPECT_TRUE(http::parse_request(text, http::HeadLimits{}, head).done()) << text;
  return RouteMatcher(match).matches(head);
}

RouteMatch path(const std::string& text) {
  RouteMatch match;
  match.path = text;
  return match;
}

TEST(RouteMatcher, WithoutConditionsItTakesEverything) {
  EXPECT_TRUE(matches({}, "GET /"));
  EXPECT_TRUE(matches({}, "OPTIONS *"));
  EXPECT_TRUE(matches(path("/*"), "DELETE /a/b?c"));
}

TEST(RouteMatcher, AnExactPathIsExactAndTheQueryDoesNotCount) {
  EXPECT_TRUE(matches(path("/cart"), "GET /cart"));
  EXPECT_TRUE(matches(path("/cart"), "GET /cart?x=/y"));
  EXPECT_FALSE(matches(path("/cart"), "GET /cart/"));
  EXPECT_FALSE(matches(path("/cart"), "GET /carts"));
  EXPECT_FALSE(matches(path("/cart"), "GET /CART"));
}

TEST(RouteMatcher, AStarTakesTheFolderAndAllBelowIt) {
  EXPECT_TRUE(matches(path("/cart/*"), "GET /cart/1"));
  EXPECT_TRUE(matches(path("/cart/*"), "GET /cart/"));
  EXPECT_TRUE(matches(path("/cart/*"), "GET /cart"));
  EXPECT_TRUE(matches(path("/cart/*"), "GET /cart?q"));
  EXPECT_FALSE(matches(path("/cart/*"), "GET /carts/1"));
  EXPECT_FALSE(matches(path("/cart/*"), "GET /car"));
}

TEST(RouteMatcher, HostsIgnorePortAndLetterCase) {
  RouteMatch match;
  match.host = "shop.example";
  EXPECT_TRUE(matches(match, "GET /"));
  EXPECT_TRUE(matches(match, "GET /", "Host: SHOP.example\r\n"));
  EXPECT_TRUE(matches(match, "GET http://shop.example/a", "Host: shop.example\r\n"));
  EXPECT_FALSE(matches(match, "GET /", "Host: a.shop.example\r\n"));
  match.host = "[::1]";
  EXPECT_TRUE(matches(match, "GET /", "Host: [::1]:80\r\n"));
}

TEST(RouteMatcher, AStarInAHostTakesEveryHostBelowAndNotTheDomainItself) {
  RouteMatch match;
  match.host = "*.example";
  EXPECT_TRUE(matches(match, "GET /"));
  EXPECT_TRUE(matches(match, "GET /", "Host: a.b.example\r\n"));
  EXPECT_FALSE(matches(match, "GET /", "Host: example\r\n"));
  EXPECT_FALSE(matches(match, "GET /", "Host: .example\r\n"));
  EXPECT_FALSE(matches(match, "GET /", "Host: shopexample\r\n"));
}

TEST(RouteMatcher, MethodsAreExact) {
  RouteMatch match;
  match.methods = {"POST", "PURGE"};
  EXPECT_TRUE(matches(match, "POST /"));
  EXPECT_TRUE(matches(match, "PURGE /"));
  EXPECT_FALSE(matches(match, "GET /"));
}

TEST(RouteMatcher, EveryHeaderMustBeThere) {
  RouteMatch match;
  match.headers = {{"x-tier", "gold"}, {"x-any", "*"}};
  EXPECT_TRUE(matches(match, "GET /", "X-Tier: gold\r\nX-Any: 1\r\n"));
  EXPECT_TRUE(matches(match, "GET /", "X-Tier: iron\r\nX-Tier: gold\r\nX-Any:\r\n"));
  EXPECT_FALSE(matches(match, "GET /", "X-Tier: gold\r\n"));
  EXPECT_FALSE(matches(match, "GET /", "X-Tier: Gold\r\nX-Any: 1\r\n"));
}

}  // namespace
}  // namespace weir::proxy
