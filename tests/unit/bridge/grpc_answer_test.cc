#include "bridge/grpc_answer.h"

#include <gtest/gtest.h>

namespace weir::bridge {
namespace {

Answer answer(const char* status) {
  return delivery_of_grpc(status, "", "").answer;
}

TEST(GrpcAnswer, EveryStatusHasAMeaning) {
  for (const char* status : {"0", "6"}) EXPECT_EQ(answer(status), Answer::kDelivered) << status;
  for (const char* status : {"8", "14"}) EXPECT_EQ(answer(status), Answer::kOverloaded) << status;
  EXPECT_EQ(answer("4"), Answer::kTimedOut);
  for (const char* status : {"3", "5", "7", "9", "11"})
    EXPECT_EQ(answer(status), Answer::kRejected) << status;
  for (const char* status : {"1", "2", "10", "12", "13", "15", "16"})
    EXPECT_EQ(answer(status), Answer::kFailed) << status;
}

TEST(GrpcAnswer, WhatIsNoStatusFailed) {
  for (const char* status : {"", "17", "-1", "x", "0x0", "99999999999999999999"}) {
    EXPECT_EQ(answer(status), Answer::kFailed) << status;
    EXPECT_NE(delivery_of_grpc(status, "", "").error, "");
  }
}

TEST(GrpcAnswer, ThePushbackIsAWaitWithABound) {
  EXPECT_EQ(delivery_of_grpc("8", "", "250").retry_after, std::chrono::milliseconds(250));
  EXPECT_EQ(delivery_of_grpc("8", "", "9999999").retry_after, std::chrono::seconds(60));
  for (const char* none : {"", "-1", "soon"})
    EXPECT_EQ(delivery_of_grpc("8", "", none).retry_after, Duration::zero()) << none;
}

TEST(GrpcAnswer, TheMessageIsTold) {
  EXPECT_EQ(delivery_of_grpc("3", "no such customer", "").error,
            "the service answered gRPC status 3: no such customer");
}

}  // namespace
}  // namespace weir::bridge
