#include "bridge/pace.h"

#include <gtest/gtest.h>

#include "unit/bridge/records.h"

namespace weir::bridge {
namespace {

Delivery with(Answer answer, Duration retry_after = {}) {
  return {answer, 0, retry_after, ""};
}

std::unique_ptr<Pace> fixed_pace(uint32_t in_flight) {
  DeliverOptions options;
  options.in_flight_min = options.in_flight_max = in_flight;
  return std::move(*Pace::make(options, 1, at_ms(0)));
}

TEST(Pace, AdmitsAsManyAsTheLimit) {
  const auto pace = fixed_pace(2);
  auto first = pace->ask(at_ms(1));
  auto second = pace->ask(at_ms(1));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(pace->ask(at_ms(1)).error(), kInstantMax) << "only an answer helps";
  pace->ended(std::move(*first), with(Answer::kDelivered), at_ms(2));
  EXPECT_TRUE(pace->ask(at_ms(2)));
  pace->ended(std::move(*second), with(Answer::kDelivered), at_ms(2));
}

TEST(Pace, AfterAStreakOfOverloadOneRecordTests) {
  const auto pace = fixed_pace(10);
  for (int i = 0; i < 3; ++i)
    pace->ended(*pace->ask(at_ms(1)), with(Answer::kOverloaded, std::chrono::seconds(2)), at_ms(2));
  EXPECT_EQ(pace->ask(at_ms(3)).error(), at_ms(2002)) << "the service asked for 2 s";
  auto test = pace->ask(at_ms(2002));
  ASSERT_TRUE(test);
  EXPECT_FALSE(pace->ask(at_ms(2002))) << "one at a time";
  pace->ended(std::move(*test), with(Answer::kDelivered), at_ms(2003));
  EXPECT_TRUE(pace->ask(at_ms(2003)));
}

TEST(Pace, ATestThatTimesOutIsFollowedByAnother) {
  const auto pace = fixed_pace(10);
  for (int i = 0; i < 3; ++i)
    pace->ended(*pace->ask(at_ms(1)), with(Answer::kUnreachable), at_ms(2));
  auto test = pace->ask(at_ms(100));
  ASSERT_TRUE(test);
  pace->ended(std::move(*test), with(Answer::kTimedOut), at_ms(30'000));
  EXPECT_TRUE(pace->ask(at_ms(30'001)));
}

TEST(Pace, FailuresOpenTheBreakerAndOverloadDoesNot) {
  const auto failing = fixed_pace(1);
  const auto full = fixed_pace(1);
  for (int64_t i = 0; i < 40; ++i) {
    if (auto flight = failing->ask(at_ms(i * 10)))
      failing->ended(std::move(*flight), with(Answer::kFailed), at_ms(i * 10 + 5));
    if (auto flight = full->ask(at_ms(i * 10)))
      full->ended(std::move(*flight), with(Answer::kOverloaded), at_ms(i * 10 + 5));
  }
  EXPECT_TRUE(failing->service_failing());
  const auto refused = failing->ask(at_ms(400));
  ASSERT_FALSE(refused);
  EXPECT_GT(refused.error(), at_ms(400));
  EXPECT_LT(refused.error(), kInstantMax);
  EXPECT_FALSE(full->service_failing());
}

TEST(Pace, WhatTheServiceGrantsBoundsWhatIsInFlight) {
  DeliverOptions options;
  options.in_flight_min = options.in_flight_max = 10;
  options.to = {"http://a", "http://b"};
  const auto pace = std::move(*Pace::make(options, 1, at_ms(0)));
  Delivery granted = with(Answer::kDelivered);
  granted.credits = 1;
  pace->ended(*pace->ask(at_ms(1)), granted, at_ms(2));
  auto first = pace->ask(at_ms(3));
  auto second = pace->ask(at_ms(3));
  ASSERT_TRUE(first && second) << "one for each endpoint";
  EXPECT_EQ(pace->ask(at_ms(3)).error(), at_ms(2) + CreditBound::kValid);
  granted.credits = 5;
  pace->ended(std::move(*first), granted, at_ms(4));
  EXPECT_TRUE(pace->ask(at_ms(5)));
  pace->ended(std::move(*second), with(Answer::kDelivered), at_ms(5));
}

TEST(Pace, AnUnknownLawIsAMistake) {
  DeliverOptions options;
  options.law = "wishful";
  EXPECT_FALSE(Pace::make(options, 1, at_ms(0)));
}

}  // namespace
}  // namespace weir::bridge
