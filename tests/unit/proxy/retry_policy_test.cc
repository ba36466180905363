#include "proxy/retry_policy.h"

#include <gtest/gtest.h>

#include <string>

#include "http/h1_parser.h"

namespace weir::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

RetryOptions options() {
  RetryOptions options;
  options.tries_max = 3;
  options.on_reset = options.on_timeout = true;
  options.statuses = {502, 503};
  return options;
}

TryFacts ended(TryEnding ending, int tries = 1) {
  TryFacts facts;
  facts.ending = ending;
  facts.status = 503;
  facts.tries = tries;
  facts.repeatable = facts.replayable = true;
  return facts;
}

RetryDecision decide(const TryFacts& facts, const RetryOptions& with = options()) {
  Rng rng(7);
  return decide_retry(with, facts, rng);
}

http::RequestHead request(const std::string& start, const std::string& lines = "") {
  static std::string text;
  text = start + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
  http::RequestHead head;
  EXPECT_TRUE(http::parse_request(text, http::HeadLimits{}, head).done()) << text;
  return head;
}

Pushback pushback(const std::string& lines) {
  return pushback_of(request("GET /", lines).headers);
}

TEST(DecideRetry, WhatNeverReachedTheServiceGoesAtOnceWhateverItIs) {
  TryFacts facts = ended(TryEnding::kUnsent);
  facts.repeatable = false;
  EXPECT_TRUE(decide(facts).retry);
  EXPECT_EQ(decide(facts).delay, Duration::zero());
  facts.is_retry = true;
  EXPECT_TRUE(decide(facts).retry);
}

TEST(DecideRetry, TheSecondLossOfAConnectionWaits) {
  const RetryDecision decision = decide(ended(TryEnding::kUnsent, 2));
  EXPECT_TRUE(decision.retry);
  EXPECT_GT(decision.delay, Duration::zero());
}

TEST(DecideRetry, WhatMayHaveBeenDoneIsRepeatedOnlyWhenThatIsSafe) {
  for (const TryEnding ending :
       {TryEnding::kStale, TryEnding::kReset, TryEnding::kTimeout, TryEnding::kStatus}) {
    TryFacts facts = ended(ending);
    EXPECT_TRUE(decide(facts).retry);
    facts.repeatable = false;
    EXPECT_FALSE(decide(facts).retry);
  }
}

TEST(DecideRetry, ByDefaultAnswersAndTimeOutsAreNotRepeated) {
  const RetryOptions defaults;
  EXPECT_TRUE(decide(ended(TryEnding::kUnsent), defaults).retry);
  EXPECT_TRUE(decide(ended(TryEnding::kStale), defaults).retry);
  EXPECT_FALSE(decide(ended(TryEnding::kReset), defaults).retry);
  EXPECT_FALSE(decide(ended(TryEnding::kTimeout), defaults).retry);
  EXPECT_FALSE(decide(ended(TryEnding::kStatus), defaults).retry);
}

TEST(DecideRetry, OnlyConfiguredStatuses) {
  TryFacts facts = ended(TryEnding::kStatus);
  facts.status = 500;
  EXPECT_FALSE(decide(facts).retry);
}

TEST(DecideRetry, TriesAreBounded) {
  EXPECT_TRUE(decide(ended(TryEnding::kStatus, 2)).retry);
  EXPECT_FALSE(decide(ended(TryEnding::kStatus, 3)).retry);
  RetryOptions never = options();
  never.tries_max = 1;
  EXPECT_FALSE(decide(ended(TryEnding::kUnsent), never).retry);
}

TEST(DecideRetry, ABodyThatIsNotKeptIsNotSentAgain) {
  TryFacts facts = ended(TryEnding::kStatus);
  facts.replayable = false;
  EXPECT_FALSE(decide(facts).retry);
}

TEST(DecideRetry, OneLayerOfAChainRetries) {
  TryFacts facts = ended(TryEnding::kStatus);
  facts.is_retry = true;
  EXPECT_FALSE(decide(facts).retry);
}

TEST(DecideRetry, NotPastTheDeadline) {
  TryFacts facts = ended(TryEnding::kStatus);
  facts.left = Duration::zero();
  EXPECT_FALSE(decide(facts).retry);
  facts.left = milliseconds(250);  // the longest first back-off is 25 ms
  EXPECT_TRUE(decide(facts).retry);
  facts.pushback.wait = milliseconds(250);
  EXPECT_FALSE(decide(facts).retry);
}

TEST(DecideRetry, APushbackIsKeptAndStretched) {
  TryFacts facts = ended(TryEnding::kStatus);
  facts.pushback.wait = seconds(1);
  const RetryDecision decision = decide(facts);
  EXPECT_TRUE(decision.retry);
  EXPECT_GE(decision.delay, seconds(1));
  EXPECT_LT(decision.delay, seconds(1) + milliseconds(25));
  facts.pushback.wait = seconds(6);  // longer than pushback_max
  EXPECT_FALSE(decide(facts).retry);
  facts.pushback = {true, {}};
  EXPECT_FALSE(decide(facts).retry);
}

TEST(PushbackOf, ReadsWhatServersSay) {
  EXPECT_EQ(pushback("").wait, Duration::zero());
  EXPECT_FALSE(pushback("").forbids);
  EXPECT_EQ(pushback("Retry-After: 3\r\n").wait, seconds(3));
  EXPECT_EQ(pushback("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n").wait, Duration::zero());
  EXPECT_EQ(pushback("grpc-retry-pushback-ms: 40\r\n").wait, milliseconds(40));
  EXPECT_TRUE(pushback("grpc-retry-pushback-ms: -1\r\n").forbids);
  EXPECT_TRUE(pushback("grpc-retry-pushback-ms: soon\r\n").forbids);
  EXPECT_TRUE(pushback("x-envoy-overloaded: true\r\n").forbids);
  EXPECT_TRUE(pushback("x-envoy-ratelimited: true\r\n").forbids);
}

TEST(IsRetry, BothProtocolsCountTheirTries) {
  EXPECT_FALSE(is_retry(request("GET /").headers));
  EXPECT_FALSE(is_retry(request("GET /", "x-envoy-attempt-count: 1\r\n").headers));
  EXPECT_TRUE(is_retry(request("GET /", "x-envoy-attempt-count: 2\r\n").headers));
  EXPECT_TRUE(is_retry(request("GET /", "grpc-previous-rpc-attempts: 1\r\n").headers));
}

TEST(IsRepeatable, IdempotentMethodsAndIdempotencyKeys) {
  EXPECT_TRUE(is_repeatable(request("GET /")));
  EXPECT_TRUE(is_repeatable(request("PUT /")));
  EXPECT_FALSE(is_repeatable(request("POST /")));
  EXPECT_TRUE(is_repeatable(request("POST /", "Idempotency-Key: 7\r\n")));
}

}  // namespace
}  // namespace weir::proxy
