#include "proxy/refusal.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace weir::proxy {
namespace {

struct Written {
  std::string text;
  bool ok;
};

Written write(const Answer& answer, const AnswerDelivery& delivery) {
  std::array<char, kAnswerBytesMax> room;
  http::HeadWriter out(room.data(), room.size());
  const bool ok = write_answer(answer, delivery, out);
  return {std::string(out.view()), ok};
}

Answer refuse(Reason reason, DetailText& text, Duration retry_after = {}) {
  Rng rng(1);
  Rejection rejection;
  rejection.reason = reason;
  rejection.value = 118;
  rejection.bound = 120;
  rejection.retry_after = retry_after;
  return refusal_answer(rejection, "limiter", "orders", Criticality::kSheddable, rng, text);
}

struct Row {
  Reason reason;
  int status;
  const char* type;
  const char* proxy_status;
};

constexpr const char* kReduced =
    "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";

// The table of statuses, one row a reason.
constexpr Row kRows[] = {
    {Reason::kConcurrencyLimit, 503, kReduced, "proxy_internal_response"},
    {Reason::kQueueFull, 503, kReduced, "proxy_internal_response"},
    {Reason::kQueueTimeout, 503, kReduced, "proxy_internal_response"},
    {Reason::kShed, 503, kReduced, "proxy_internal_response"},
    {Reason::kPriority, 503, kReduced, "proxy_internal_response"},
    {Reason::kBulkheadFull, 503, kReduced, "connection_limit_reached"},
    {Reason::kPoolFull, 503, kReduced, "connection_limit_reached"},
    {Reason::kBreakerOpen, 503, kReduced, "destination_unavailable"},
    {Reason::kDeadlinePassed, 504, "urn:weir:problem:deadline-exceeded", "http_response_timeout"},
    {Reason::kDeadlineInfeasible, 504, "urn:weir:problem:deadline-exceeded",
     "http_response_timeout"},
    {Reason::kRetryBudget, 503, kReduced, "proxy_internal_response"},
    {Reason::kQuota, 429, "https://iana.org/assignments/http-problem-types#quota-exceeded",
     "http_request_error"},
    {Reason::kNoCredit, 503, kReduced, "proxy_internal_response"},
    {Reason::kDraining, 503, kReduced, "proxy_internal_response"},
};
static_assert(std::size(kRows) == kReasonCount);

TEST(Refusal, EveryReasonHasItsRow) {
  for (int i = 0; i < kReasonCount; ++i) {
    const Row& row = kRows[i];
    ASSERT_EQ(static_cast<int>(row.reason), i);
    DetailText text;
    const Answer answer = refuse(row.reason, text);
    EXPECT_EQ(answer.status, row.status) << to_string(row.reason);
    EXPECT_EQ(answer.type, row.type) << to_string(row.reason);
    EXPECT_EQ(answer.proxy_status, row.proxy_status) << to_string(row.reason);
    EXPECT_EQ(answer.reason, to_string(row.reason));
    EXPECT_FALSE(answer.detail.empty());
    EXPECT_TRUE(answer.overloaded);
    const Written written = write(answer, {"id1", true, false, 1});
    EXPECT_TRUE(written.ok) << to_string(row.reason);
  }
}

TEST(Refusal, TheSentenceHoldsTheNumbers) {
  DetailText text;
  EXPECT_EQ(refuse(Reason::kConcurrencyLimit, text).detail,
            "orders is at its limit: 118 of 120 in flight");
  EXPECT_EQ(refuse(Reason::kQueueFull, text).detail,
            "the queue for orders is full: 118 of 120 waiting on this event loop; "
            "SHEDDABLE is being shed");
  EXPECT_EQ(refuse(Reason::kQueueTimeout, text).detail,
            "waited 118 ms for orders, and 120 ms is the bound");
  EXPECT_EQ(refuse(Reason::kDeadlineInfeasible, text).detail,
            "orders would need 118 ms, and the caller waits 120 ms");
}

TEST(Refusal, RetryAfterIsBoundedAndStretched) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  Rng rng(7);
  int64_t least = INT64_MAX;
  int64_t most = 0;
  for (int i = 0; i < 1000; ++i) {
    DetailText text;
    Rejection rejection;
    rejection.retry_after = seconds(4);
    const Answer answer =
        refusal_answer(rejection, "limiter", "orders", Criticality::kCritical, rng, text);
    least = std::min(least, answer.retry_after_ms);
    most = std::max(most, answer.retry_after_ms);
  }
  EXPECT_GE(least, 4000);
  EXPECT_LT(least, 4100);
  EXPECT_LE(most, 6000);
  EXPECT_GT(most, 5900);
  DetailText text;
  EXPECT_GE(refuse(Reason::kShed, text, milliseconds(1)).retry_after_ms, 1000);
  EXPECT_LE(refuse(Reason::kShed, text, hours(3)).retry_after_ms, 90'000);
}

TEST(Refusal, TheWholeAnswer) {
  DetailText text;
  Answer answer = refuse(Reason::kConcurrencyLimit, text);
  answer.retry_after_ms = 1200;
  const std::string body =
      R"({"type":"https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",)"
      R"("title":"Temporarily reduced capacity","status":503,)"
      R"("detail":"orders is at its limit: 118 of 120 in flight",)"
      R"("violated-policies":["limiter"],"reason":"concurrency_limit","retry_after_ms":1200,)"
      R"("request_id":"r7"})"
      "\n";
  const std::string head =
      "HTTP/1.1 503 Service Unavailable\r\n"
      "Content-Type: application/problem+json\r\n"
      "Content-Length: " +
      std::to_string(body.size()) +
      "\r\n"
      "Retry-After: 2\r\n"
      "Proxy-Status: weir; error=proxy_internal_response; details=\"concurrency_limit\"\r\n"
      "x-envoy-overloaded: true\r\n"
      "Cache-Control: no-store\r\n";
  EXPECT_EQ(write(answer, {"r7", true, false, 1}).text, head + "X-Request-Id: r7\r\n\r\n" + body);
  EXPECT_EQ(write(answer, {"r7", false, true, 1}).text,
            head + "Connection: close\r\nX-Request-Id: r7\r\n\r\n");
  EXPECT_EQ(write(answer, {"r7", true, true, 0}).text,
            head + "Connection: keep-alive\r\nX-Request-Id: r7\r\n\r\n");
}

TEST(Refusal, FaultsNameTheRuleThatWasBroken) {
  DetailText text;
  const Answer malformed =
      fault_answer(Fault::kMalformedRequest, "orders", http::H1Error::kTargetTooLong, text);
  EXPECT_EQ(malformed.status, 414);
  EXPECT_EQ(malformed.detail, "the request breaks HTTP/1.1: target_too_long");
  EXPECT_LT(malformed.retry_after_ms, 0);
  EXPECT_FALSE(malformed.overloaded);
  const Answer refused = fault_answer(Fault::kConnectRefused, "orders", http::H1Error::kNone, text);
  EXPECT_EQ(refused.status, 502);
  EXPECT_EQ(refused.detail, "orders accepts no connection");
}

TEST(Refusal, WhatDoesNotFitIsToldAndNotCut) {
  DetailText text;
  const Answer answer = refuse(Reason::kShed, text);
  std::array<char, 300> room;
  http::HeadWriter out(room.data(), room.size());
  EXPECT_FALSE(write_answer(answer, {"r7", true, false, 1}, out));
}

}  // namespace
}  // namespace weir::proxy
