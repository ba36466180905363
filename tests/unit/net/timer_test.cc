#include "net/timer.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "weir/base/rng.h"

namespace weir::net {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick{int64_t{1} << TimerWheel::kTickBits};

struct Probe {
  explicit Probe(TimerWheel& wheel) : timer(wheel, Callback::to<&Probe::fire>(this)) {}
  void fire() { ++fired; }
  Timer timer;
  int fired = 0;
};

TEST(TimerWheel, FiresOnceNeverEarlyAndAtMostOneTickLate) {
  const Instant start{5s};
  for (const Duration delay : {Duration(1ns), Duration(1ms), Duration(9ms), Duration(70ms),
                               Duration(600ms), Duration(15s), Duration(1h), Duration(60h)}) {
    TimerWheel wheel(start);
    Probe probe(wheel);
    probe.timer.arm(start + delay);
    wheel.advance(start + delay - 1ns);
    EXPECT_EQ(probe.fired, 0) << delay.count();
    wheel.advance(start + delay + kTick);
    EXPECT_EQ(probe.fired, 1) << delay.count();
    EXPECT_FALSE(probe.timer.armed());
    wheel.advance(start + 200h);
    EXPECT_EQ(probe.fired, 1) << delay.count();
  }
}

TEST(TimerWheel, CancelAndDestroy) {
  TimerWheel wheel(Instant{});
  Probe cancelled(wheel);
  cancelled.timer.arm(Instant{10ms});
  cancelled.timer.cancel();
  {
    Probe destroyed(wheel);
    destroyed.timer.arm(Instant{10ms});
  }
  wheel.advance(Instant{1s});
  EXPECT_EQ(cancelled.fired, 0);
}

TEST(TimerWheel, MovingLaterAndEarlier) {
  TimerWheel wheel(Instant{});
  Probe later(wheel);
  later.timer.arm(Instant{10ms});
  later.timer.arm(Instant{500ms});
  Probe earlier(wheel);
  earlier.timer.arm(Instant{500ms});
  earlier.timer.arm(Instant{10ms});
  wheel.advance(Instant{11ms});
  EXPECT_EQ(later.fired, 0);
  EXPECT_EQ(earlier.fired, 1);
  wheel.advance(Instant{499ms});
  EXPECT_EQ(later.fired, 0);
  wheel.advance(Instant{501ms});
  EXPECT_EQ(later.fired, 1);
}

struct SelfDestroying {
  explicit SelfDestroying(TimerWheel& wheel)
      : timer(wheel, Callback::to<&SelfDestroying::fire>(this)) {}
  void fire() { self.reset(); }
  Timer timer;
  std::unique_ptr<SelfDestroying> self;
};

TEST(TimerWheel, CallbackMayDestroyItsTimerAndOthersOfTheSameSlot) {
  TimerWheel wheel(Instant{});
  auto first = std::make_unique<SelfDestroying>(wheel);
  SelfDestroying* raw = first.get();
  raw->self = std::move(first);
  raw->timer.arm(Instant{1ms});
  Probe second(wheel);
  second.timer.arm(Instant{1ms});
  wheel.advance(Instant{2ms});
  EXPECT_EQ(second.fired, 1);
}

TEST(TimerWheel, NextWakeupIsNeverLateAndSleepingToItIsEnough) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    Instant now{Duration(static_cast<int64_t>(rng.below(1'000'000'000'000)))};
    TimerWheel wheel(now);
    std::vector<std::unique_ptr<Probe>> probes;
    std::vector<Instant> due;
    for (int i = 0; i < 200; ++i) {
      probes.push_back(std::make_unique<Probe>(wheel));
      due.push_back(now + from_seconds(rng.exponential(i % 2 == 0 ? 0.05 : 20.0)));
      probes.back()->timer.arm(due.back());
    }
    while (wheel.next_wakeup() != kInstantMax) {
      ASSERT_GT(wheel.next_wakeup(), now);
      now = wheel.next_wakeup();
      wheel.advance(now);
      for (size_t i = 0; i < probes.size(); ++i) {
        if (now < due[i]) {
          ASSERT_EQ(probes[i]->fired, 0);
        }
        if (now >= due[i] + kTick) {
          ASSERT_EQ(probes[i]->fired, 1);
        }
      }
    }
    for (const auto& probe : probes) EXPECT_EQ(probe->fired, 1);
  }
}

TEST(TimerWheel, RandomOperationsAgreeWithAPlainModel) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    Instant now{3s};
    TimerWheel wheel(now);
    constexpr size_t kCount = 50;
    std::vector<std::unique_ptr<Probe>> probes;
    std::vector<Instant> due(kCount, kInstantMax);
    std::vector<int> fired(kCount, 0);
    for (size_t i = 0; i < kCount; ++i) probes.push_back(std::make_unique<Probe>(wheel));
    for (int step = 0; step < 2000; ++step) {
      const size_t i = rng.below(kCount);
      if (rng.below(4) == 0) {
        probes[i]->timer.cancel();
        due[i] = kInstantMax;
      } else {
        due[i] = now + from_seconds(rng.exponential(0.3)) + 1ns;
        probes[i]->timer.arm(due[i]);
      }
      now += from_seconds(rng.exponential(0.01));
      wheel.advance(now);
      for (size_t k = 0; k < kCount; ++k) {
        if (due[k] == kInstantMax) continue;
        if (now >= due[k] + kTick) {
          ASSERT_EQ(probes[k]->fired, fired[k] + 1);
        }
        if (now < due[k]) {
          ASSERT_EQ(probes[k]->fired, fired[k]);
        }
        if (probes[k]->fired > fired[k]) {
          fired[k] = probes[k]->fired;
          due[k] = kInstantMax;
        }
      }
    }
  }
}

}  // namespace
}  // namespace weir::net
