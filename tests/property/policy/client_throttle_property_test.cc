// Whatever the load, a throttled service is asked at most about k times what it accepts.
#include <gtest/gtest.h>

#include "support/engine.h"
#include "weir/base/rng.h"
#include "weir/policy/client_throttle.h"

namespace weir::test {
namespace {

TEST(ClientThrottleProperty, SendsAtMostKTimesWhatIsAccepted) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    ClientThrottle::Options options;
    options.k = 1.2 + 2 * rng.uniform();
    options.window = 10s;
    ClientThrottle throttle(options);
    const double load = 1 + 20 * rng.uniform();  // times the capacity
    const double capacity = 50 + 500 * rng.uniform();
    Instant now = at(0s);
    double tokens = 0;
    uint64_t sent = 0, taken = 0;
    while (now < at(60s)) {
      const Duration gap = from_seconds(rng.exponential(1 / (load * capacity)));
      now += gap;
      tokens = std::min(10.0, tokens + to_seconds(gap) * capacity);
      const bool measured = now > at(20s);
      if (!throttle.try_begin(now, rng)) continue;
      sent += measured;
      if (tokens < 1) continue;
      tokens -= 1;
      taken += measured;
      throttle.accepted(now);
    }
    ASSERT_GT(taken, 0U);
    EXPECT_LE(static_cast<double>(sent), options.k * 1.1 * static_cast<double>(taken));
    EXPECT_GE(static_cast<double>(taken), 0.9 * 40 * std::min(load, 1.0) * capacity);
  }
}

TEST(ClientThrottleProperty, RefusesNothingWhileEverythingIsAccepted) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    ClientThrottle throttle({});
    Instant now = at(0s);
    for (int i = 0; i < 20'000; ++i) {
      now += from_seconds(rng.exponential(0.01));
      ASSERT_TRUE(throttle.try_begin(now, rng));
      throttle.accepted(now);
    }
  }
}

TEST(ClientThrottleProperty, ForgetsWithinAWindow) {
  Rng rng(3);
  ClientThrottle::Options options;
  options.window = 10s;
  ClientThrottle throttle(options);
  Instant now = at(0s);
  for (int i = 0; i < 1000; ++i) throttle.try_begin(now += 10ms, rng);
  EXPECT_GT(throttle.refusal_ratio(now), 0.99);
  EXPECT_EQ(throttle.refusal_ratio(now + 10s), 0);
  EXPECT_EQ(throttle.requests(), 0U);
}

}  // namespace
}  // namespace weir::test
