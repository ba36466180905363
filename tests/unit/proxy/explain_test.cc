#include <gtest/gtest.h>

#include "proxy/explain_reader.h"
#include "proxy/refusal.h"

namespace weir::proxy {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{10s};
constexpr int64_t kWallOffset = 1'795'515'663'000'000'000;

struct ExplainTest : testing::Test {
  ExplainFacts facts(std::string_view id) {
    return {.request_id = id,
            .method = "GET",
            .path = "/orders/7",
            .route = "default",
            .context = context,
            .started_at = kStart,
            .admitted_at = kStart + 2ms,
            .dispatched = false,
            .attempts = 1};
  }

  void refuse(std::string_view id, Reason reason, uint32_t value = 118, uint32_t bound = 118) {
    Rejection rejection;
    rejection.reason = reason;
    rejection.value = value;
    rejection.bound = bound;
    Answer answer;
    answer.status = 503;
    answer.retry_after_ms = 1480;
    log.refused(facts(id), site, rejection, answer, kStart + 3ms);
  }

  observe::Explanation told(std::string_view id) {
    const auto found = reader.find(id);
    EXPECT_TRUE(found) << id;
    return found.value_or(observe::Explanation{});
  }

  const observe::ExplainedGate& gate(const observe::Explanation& told, std::string_view name) {
    for (const auto& one : told.gates)
      if (one.name == name) return one;
    ADD_FAILURE() << "no gate " << name;
    return told.gates.front();
  }

  RequestContext context;
  ExplainSite site{"orders",
                   "checkout",
                   {.inflight = 118, .limit = 118, .waiting = 3, .queue_limit = 64},
                   {kWallOffset + 9'000'000'000, 160, 118, "shrink"}};
  ExplainLog log{kWallOffset};
  LimitBounds bounds{4, 500};
  ExplainedUpstream upstream{.name = "orders",
                             .law = "elastic",
                             .limit_bounds = &bounds,
                             .queue_depth_min = 64,
                             .queue_depth_max = 1000,
                             .queue_wait_max_ms = 100,
                             .connections_max = 10'000,
                             .attempts_max = 3};
  ExplainReader reader{{&log}, {upstream}};
};

TEST_F(ExplainTest, ARefusalTellsItsGateWithNumbersWhyAndWhatToChange) {
  refuse("r1", Reason::kConcurrencyLimit);
  const observe::Explanation told = this->told("r1");
  EXPECT_EQ(told.result, "refused");
  EXPECT_EQ(told.reason, "concurrency_limit");
  EXPECT_EQ(told.sentence, "orders is at its limit: 118 of 118 in flight");
  EXPECT_EQ(told.status, 503);
  EXPECT_EQ(told.path, "/orders/7");
  EXPECT_DOUBLE_EQ(told.total_ms, 3);
  const observe::ExplainedGate& limiter = gate(told, "limiter");
  EXPECT_EQ(limiter.verdict, "refused");
  EXPECT_EQ(limiter.value, 118);
  EXPECT_EQ(limiter.bound, 118);
  EXPECT_EQ(
      limiter.why,
      "law elastic moved it from 160 to 118 at 10:21:12.000 UTC (shrink); it may be 4 to 500");
  EXPECT_EQ(limiter.change, "--limit-max");
}

// The order in which people read them, and in which requests meet them.
TEST_F(ExplainTest, TheGatesComeInTheirOrder) {
  refuse("r1", Reason::kConcurrencyLimit);
  const observe::Explanation told = this->told("r1");
  std::vector<std::string> names;
  for (const auto& one : told.gates) names.push_back(one.name);
  EXPECT_EQ(names, (std::vector<std::string>{"route", "priority", "bulkhead", "limiter", "queue",
                                             "breaker", "upstream", "retry"}));
}

TEST_F(ExplainTest, EveryReasonIsRefusedByOneGateAndNoLaterOneIsReached) {
  for (int i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    refuse(to_string(reason), reason, 12, 34);
    const observe::Explanation told = this->told(to_string(reason));
    EXPECT_EQ(told.reason, to_string(reason));
    EXPECT_FALSE(told.sentence.empty());
    int refusing = 0;
    for (const auto& one : told.gates) {
      EXPECT_FALSE(one.why.empty()) << told.reason << " " << one.name;
      if (one.verdict != "refused") continue;
      ++refusing;
      EXPECT_EQ(one.name, to_string(gate_of(reason)));
      if (reason == Reason::kDraining) continue;
      EXPECT_EQ(one.value, 12) << told.reason;
      EXPECT_EQ(one.bound, 34) << told.reason;
      EXPECT_FALSE(one.unit.empty()) << told.reason;
    }
    EXPECT_EQ(refusing, 1) << told.reason;
  }
}

TEST_F(ExplainTest, WhoIsShedFromTheQueueHadWaitedForTheLimiter) {
  refuse("r1", Reason::kShed, 12, 10);
  const observe::Explanation told = this->told("r1");
  EXPECT_EQ(gate(told, "limiter").verdict, "waited");
  EXPECT_EQ(gate(told, "queue").verdict, "refused");
  EXPECT_EQ(gate(told, "queue").unit, "milliseconds");
  EXPECT_EQ(gate(told, "upstream").verdict, "not_reached");
}

TEST_F(ExplainTest, BeforeTheFirstMoveTheStartExplainsTheLimit) {
  site.move = {};
  refuse("r1", Reason::kConcurrencyLimit);
  EXPECT_TRUE(gate(told("r1"), "limiter").why.starts_with("law elastic has not moved the limit"));
}

TEST_F(ExplainTest, LongIdsAreFoundByAllTheirCharacters) {
  const std::string one(100, 'a');
  refuse(one, Reason::kShed);
  EXPECT_TRUE(reader.find(one));
  EXPECT_FALSE(reader.find(std::string(99, 'a')));
  EXPECT_FALSE(reader.find(std::string(47, 'a')));
}

TEST_F(ExplainTest, FailuresAreAllKeptAndSuccessesSampled) {
  EXPECT_TRUE(log.wants(Outcome::kFailure));
  EXPECT_TRUE(log.wants(Outcome::kDropped));
  EXPECT_TRUE(log.wants(Outcome::kIgnored));
  uint32_t kept = 0;
  for (uint32_t i = 0; i < 10 * ExplainLog::kServedEvery; ++i)
    kept += log.wants(Outcome::kSuccess) ? 1 : 0;
  EXPECT_EQ(kept, 10u);
}

TEST_F(ExplainTest, WhatWasServedTellsHowLongItWaitedAndTook) {
  ExplainFacts served = facts("s1");
  served.dispatched = true;
  log.ended(served, site, Outcome::kSuccess, 40ms, true, kStart + 42ms);
  const observe::Explanation told = this->told("s1");
  EXPECT_EQ(told.result, "success");
  EXPECT_FALSE(told.refused());
  EXPECT_DOUBLE_EQ(told.queue_ms, 2);
  EXPECT_DOUBLE_EQ(told.upstream_ms, 40);
  EXPECT_DOUBLE_EQ(told.total_ms, 42);
  EXPECT_EQ(gate(told, "queue").verdict, "waited");
  EXPECT_EQ(gate(told, "upstream").verdict, "passed");
}

TEST_F(ExplainTest, ADryRunSaysWhatWouldHaveBeenRefused) {
  Rejection rejection;
  rejection.value = rejection.bound = 118;
  log.would_refuse(facts("d1"), site, rejection, kStart);
  EXPECT_EQ(told("d1").result, "would_refuse");
  EXPECT_EQ(told("d1").status, 0);
}

TEST_F(ExplainTest, ACursorSeesEachRecordOnceAndTheOldestFirst) {
  observe::ExplainCursor cursor;
  refuse("a", Reason::kShed);
  refuse("b", Reason::kShed);
  const auto both = reader.after(cursor, observe::ExplainKind::kAll, 10);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].request_id, "a");
  EXPECT_TRUE(reader.after(cursor, observe::ExplainKind::kAll, 10).empty());
  refuse("c", Reason::kShed);
  refuse("d", Reason::kShed);
  const auto newest = reader.after(cursor, observe::ExplainKind::kRefused, 1);
  ASSERT_EQ(newest.size(), 1u);
  EXPECT_EQ(newest[0].request_id, "d");
  EXPECT_TRUE(reader.after(cursor, observe::ExplainKind::kAll, 10).empty());
}

TEST(LimitNote, ReadsWhatWasWritten) {
  LimitNote note;
  EXPECT_EQ(note.read().wall_ns, 0);
  note.write({7, 160, 118, "shrink"});
  const NotedMove move = note.read();
  EXPECT_EQ(move.wall_ns, 7);
  EXPECT_EQ(move.before, 160u);
  EXPECT_EQ(move.after, 118u);
  EXPECT_STREQ(move.cause, "shrink");
}

}  // namespace
}  // namespace weir::proxy
