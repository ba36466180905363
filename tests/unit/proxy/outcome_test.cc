#include "proxy/outcome.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

TEST(OutcomeOfGrpc, EveryCodeHasOne) {
  struct Row {
    const char* status;
    Outcome outcome;
  };
  constexpr Row kRows[] = {
      {"0", Outcome::kSuccess},  {"1", Outcome::kIgnored},  {"2", Outcome::kFailure},
      {"3", Outcome::kSuccess},  {"4", Outcome::kDropped},  {"5", Outcome::kSuccess},
      {"6", Outcome::kSuccess},  {"7", Outcome::kSuccess},  {"8", Outcome::kIgnored},
      {"9", Outcome::kSuccess},  {"10", Outcome::kSuccess}, {"11", Outcome::kSuccess},
      {"12", Outcome::kSuccess}, {"13", Outcome::kFailure}, {"14", Outcome::kDropped},
      {"15", Outcome::kFailure}, {"16", Outcome::kSuccess},
  };
  for (const Row& row : kRows) EXPECT_EQ(outcome_of_grpc(row.status), row.outcome) << row.status;
}

TEST(OutcomeOfGrpc, WhatIsNoCodeIsAFailure) {
  for (const char* status : {"", "x", "17", "99", "-1", "0x0", "140"})
    EXPECT_EQ(outcome_of_grpc(status), Outcome::kFailure) << status;
}

}  // namespace
}  // namespace weir::proxy
