// The small deciders: retry, overload hold, byte budget, parked keys, watchdog, revocation.
#include <gtest/gtest.h>

#include "bridge/byte_budget.h"
#include "bridge/overload_hold.h"
#include "bridge/parked_keys.h"
#include "bridge/retry_router.h"
#include "bridge/revoke_handler.h"
#include "bridge/stall_watchdog.h"
#include "unit/bridge/records.h"

namespace weir::bridge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Delivery answer(Answer answer, Duration retry_after = {}) {
  return {answer, 0, retry_after, "it failed"};
}

TEST(RetryRouter, GoesInLaneThenThroughTheTiersThenToTheDeadLetters) {
  const RetryRouter router({.attempts = 2, .tiers = {seconds(10), seconds(60)}}, Ordering::kKey);
  Rng rng(1);
  Record record;
  EXPECT_EQ(router.decide(record, answer(Answer::kFailed), false, rng).step, Step::kAgain);
  record.attempts = 1;
  Decision decision = router.decide(record, answer(Answer::kTimedOut), false, rng);
  EXPECT_EQ(decision.step, Step::kRetryTopic);
  EXPECT_EQ(decision.tier, 1);
  EXPECT_EQ(decision.delay, seconds(10));
  record.attempts = 2;
  record.tier = 1;
  decision = router.decide(record, answer(Answer::kFailed), false, rng);
  EXPECT_EQ(decision.tier, 2);
  EXPECT_EQ(decision.delay, seconds(60));
  record.tier = 2;
  EXPECT_EQ(router.decide(record, answer(Answer::kFailed), false, rng).step, Step::kDeadLetter);
}

TEST(RetryRouter, WhatIsTheServicesFaultUsesUpNoAttempt) {
  const RetryRouter router({.attempts = 1, .tiers = {}}, Ordering::kKey);
  Rng rng(1);
  const Record record;
  for (const Answer cause : {Answer::kOverloaded, Answer::kUnreachable}) {
    const Decision decision = router.decide(record, answer(cause), false, rng);
    EXPECT_EQ(decision.step, Step::kAgain);
    EXPECT_FALSE(decision.counts);
  }
  EXPECT_EQ(router.decide(record, answer(Answer::kFailed), true, rng).step, Step::kAgain);
  EXPECT_EQ(router.decide(record, answer(Answer::kFailed), false, rng).step, Step::kDeadLetter);
}

TEST(RetryRouter, ARejectedRecordIsNotTriedAgain) {
  const RetryRouter router({.attempts = 9}, Ordering::kUnordered);
  Rng rng(1);
  EXPECT_EQ(router.decide({}, answer(Answer::kRejected), true, rng).step, Step::kDeadLetter);
}

TEST(RetryRouter, HonoursRetryAfter) {
  const RetryRouter router({}, Ordering::kKey);
  Rng rng(1);
  EXPECT_GE(router.decide({}, answer(Answer::kOverloaded, seconds(7)), false, rng).delay,
            seconds(7));
}

TEST(RetryRouter, PartitionOrderUsesNoTiers) {
  const RetryRouter router({.attempts = 1}, Ordering::kPartition);
  Rng rng(1);
  EXPECT_EQ(router.decide({}, answer(Answer::kFailed), false, rng).step, Step::kDeadLetter);
}

TEST(RetryRouter, BackoffIsBounded) {
  const RetryRouter router({.attempts = 100, .backoff_max = milliseconds(800)}, Ordering::kKey);
  Rng rng(1);
  Record record;
  Duration longest{};
  for (record.attempts = 0; record.attempts < 90; ++record.attempts)
    longest = std::max(longest, router.decide(record, answer(Answer::kFailed), false, rng).delay);
  EXPECT_LE(longest, milliseconds(800));
  EXPECT_GT(longest, milliseconds(400));
}

TEST(OverloadHold, OneRefusalIsNoReasonToStop) {
  OverloadHold hold({});
  Rng rng(1);
  hold.refused(seconds(5), at_ms(0), at_ms(1), rng);
  EXPECT_FALSE(hold.holds(at_ms(2)));
  EXPECT_FALSE(hold.testing());
}

TEST(OverloadHold, AStreakPausesLongerAndLongerAndASuccessEndsIt) {
  OverloadHold hold({});
  Rng rng(1);
  Instant now = at_ms(0);
  Duration pause{};
  for (int i = 0; i < 20; ++i) {
    hold.refused({}, now, now, rng);
    if (i < 2) continue;
    pause = hold.until() - now;
    now = hold.until();
  }
  EXPECT_GE(pause, seconds(2));
  EXPECT_LE(pause, seconds(5));
  hold.answered();
  EXPECT_FALSE(hold.holds(now));
  EXPECT_FALSE(hold.testing());
}

TEST(OverloadHold, AVolleyThatWasSentBeforeThePauseCountsOnce) {
  OverloadHold hold({});
  Rng rng(1);
  for (int i = 0; i < 3; ++i) hold.refused({}, at_ms(0), at_ms(100), rng);
  const Instant until = hold.until();
  for (int i = 0; i < 500; ++i) hold.refused({}, at_ms(1), at_ms(101), rng);
  EXPECT_EQ(hold.until(), until);
}

TEST(OverloadHold, RetryAfterLengthensThePauseWithinReason) {
  OverloadHold hold({});
  Rng rng(1);
  for (int i = 0; i < 3; ++i) hold.refused(seconds(7), at_ms(0), at_ms(0), rng);
  EXPECT_EQ(hold.until(), at_ms(7000));
  hold.refused(std::chrono::hours(24), at_ms(7000), at_ms(7000), rng);
  EXPECT_EQ(hold.until(), at_ms(67'000));
}

TEST(ByteBudget, ClosesWhenUsedUpAndReopensBelow) {
  ByteBudget budget(800);
  EXPECT_TRUE(budget.open());
  budget.take(900);
  EXPECT_FALSE(budget.open());
  budget.give(150);
  EXPECT_FALSE(budget.open()) << "750 of 800: one record must not start a fetch";
  budget.give(50);
  EXPECT_TRUE(budget.open());
}

TEST(ParkedKeys, AKeyIsParkedFromTheReportToTheEnd) {
  ParkedKeys parked;
  parked.announced(1, 40, 7, 40);
  EXPECT_TRUE(parked.parked_above(0, 7));
  EXPECT_FALSE(parked.parked_above(1, 7));
  parked.arrived(1, 40, 7);
  parked.left(1, 7);
  EXPECT_FALSE(parked.parked_above(0, 7));
  EXPECT_EQ(parked.size(), 0u);
}

TEST(ParkedKeys, ReadBackBeforeTheReportCountsOnce) {
  ParkedKeys parked;
  parked.arrived(1, 40, 7);
  parked.announced(1, 40, 7, 41);
  parked.left(1, 7);
  EXPECT_EQ(parked.size(), 0u);
}

TEST(ParkedKeys, WhatRetentionDeletedIsNotWaitedFor) {
  ParkedKeys parked;
  parked.announced(1, 40, 7, 40);
  parked.announced(1, 41, 8, 40);
  parked.arrived(1, 41, 8);
  EXPECT_FALSE(parked.parked_above(0, 7));
  EXPECT_TRUE(parked.parked_above(0, 8));
}

TEST(StallWatchdog, EscalatesAndStopsWhenThePartitionMoves) {
  StallWatchdog dog;
  EXPECT_EQ(dog.check(10, 0, 1, at_ms(0)), Remedy::kNone);
  EXPECT_EQ(dog.check(10, 0, 1, at_ms(4000)), Remedy::kNone);
  EXPECT_EQ(dog.check(10, 0, 1, at_ms(5000)), Remedy::kReread);
  EXPECT_EQ(dog.check(10, 0, 1, at_ms(6000)), Remedy::kNone) << "once each";
  EXPECT_EQ(dog.check(10, 0, 1, at_ms(12'000)), Remedy::kSeek);
  EXPECT_EQ(dog.check(10, 0, 1, at_ms(22'000)), Remedy::kRejoin);
  EXPECT_EQ(dog.check(10, 0, 2, at_ms(23'000)), Remedy::kNone);
  EXPECT_EQ(dog.stalled(at_ms(23'000)), Duration{});
}

TEST(StallWatchdog, NoLagOrWorkInHandIsNoStall) {
  StallWatchdog dog;
  for (int64_t second = 0; second < 100; ++second) {
    EXPECT_EQ(dog.check(0, 0, 1, at_ms(second * 1000)), Remedy::kNone);
    EXPECT_EQ(dog.check(10, 1, 1, at_ms(second * 1000)), Remedy::kNone);
  }
}

using Phase = RevokeHandler::Phase;

TEST(RevokeHandler, DrainsCommitsAndReleases) {
  RevokeHandler revoke(seconds(5), seconds(3));
  revoke.begin(false, at_ms(0));
  EXPECT_FALSE(revoke.advance(2, at_ms(10)));
  EXPECT_TRUE(revoke.advance(0, at_ms(20)));
  EXPECT_EQ(revoke.phase(), Phase::kCommitting);
  EXPECT_FALSE(revoke.advance(0, at_ms(30)));
  revoke.committed();
  EXPECT_TRUE(revoke.advance(0, at_ms(40)));
  EXPECT_EQ(revoke.phase(), Phase::kReleasing);
  revoke.released();
  EXPECT_TRUE(revoke.idle());
  EXPECT_FALSE(revoke.cut_short());
}

TEST(RevokeHandler, WaitsNoLongerThanItsBounds) {
  RevokeHandler revoke(seconds(5), seconds(3));
  revoke.begin(false, at_ms(0));
  EXPECT_EQ(revoke.deadline(), at_ms(5000));
  EXPECT_TRUE(revoke.advance(1, at_ms(5000)));
  EXPECT_TRUE(revoke.cut_short());
  EXPECT_TRUE(revoke.advance(1, at_ms(8000)));
  EXPECT_EQ(revoke.phase(), Phase::kReleasing);
}

TEST(RevokeHandler, LostPartitionsAreGivenBackAtOnce) {
  RevokeHandler revoke(seconds(5), seconds(3));
  revoke.begin(true, at_ms(0));
  EXPECT_TRUE(revoke.advance(9, at_ms(0)));
  EXPECT_EQ(revoke.phase(), Phase::kReleasing);
}

}  // namespace
}  // namespace weir::bridge
