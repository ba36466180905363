#include "proxy/turn_flush.h"

#include <gtest/gtest.h>

#include <functional>

namespace weir::proxy {
namespace {

struct Flusher final : TurnFlusher {
  int flushed = 0;
  std::function<void()> then;
  void flush_turn() override {
    ++flushed;
    if (then) then();
  }
};

TEST(TurnFlushes, EachOnceATurnHoweverOftenItAsks) {
  TurnFlushes turns;
  Flusher a;
  turns.add(a);
  turns.add(a);
  turns.run();
  EXPECT_EQ(a.flushed, 1);
  EXPECT_TRUE(turns.empty());
}

TEST(TurnFlushes, WhatAsksMeanwhileWaitsForTheNextTurn) {
  TurnFlushes turns;
  Flusher a;
  a.then = [&] { turns.add(a); };
  turns.add(a);
  turns.run();
  EXPECT_EQ(a.flushed, 1);
  EXPECT_FALSE(turns.empty());
}

TEST(TurnFlushes, ARemovedOneIsNotCalledEvenInTheTurnUnderWay) {
  TurnFlushes turns;
  Flusher a, b;
  a.then = [&] { turns.remove(b); };
  turns.add(a);
  turns.add(b);
  turns.run();
  EXPECT_EQ(b.flushed, 0);
  turns.add(b);
  turns.remove(b);
  turns.run();
  EXPECT_EQ(b.flushed, 0);
}

}  // namespace
}  // namespace weir::proxy
