#include "lab/service_time.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weir::lab {
namespace {

struct Moments {
  double mean = 0;
  double deviation = 0;
};

Moments sample(const ServiceTime& time, uint64_t seed) {
  constexpr int kDraws = 200'000;
  Rng rng(seed);
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = to_seconds(time.draw(rng));
    sum += x;
    squares += x * x;
  }
  const double mean = sum / kDraws;
  return {mean, std::sqrt(squares / kDraws - mean * mean)};
}

TEST(ServiceTime, MeansAndDeviationsAreThoseOfTheirFormulas) {
  struct Case {
    const char* text;
    double mean;
    double deviation;
  };
  // bimodal: 0.9·10 + 0.1·200 = 29 ms, deviation 190·√(0.9·0.1) = 57 ms.
  // lognormal: deviation = mean·√(e^(σ²) − 1) = 20·√(e^0.25 − 1) = 10.66 ms.
  for (const Case& c :
       {Case{"const:20ms", 0.020, 0}, Case{"exp:20ms", 0.020, 0.020},
        Case{"bimodal:10ms,200ms,10%", 0.029, 0.057}, Case{"lognormal:20ms,0.5", 0.020, 0.01066}}) {
    const ServiceTime time = ServiceTime::parse(c.text).value();
    const Moments moments = sample(time, 11);
    EXPECT_NEAR(moments.mean, c.mean, 0.01 * c.mean) << c.text;
    EXPECT_NEAR(moments.deviation, c.deviation, 0.03 * c.deviation + 1e-6) << c.text;
    EXPECT_NEAR(to_seconds(time.mean()), c.mean, 1e-6) << c.text;
  }
}

TEST(ServiceTime, TheSameSeedGivesTheSameTimes) {
  const ServiceTime time = ServiceTime::exponential(std::chrono::milliseconds(20));
  Rng a(3);
  Rng b(3);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(time.draw(a), time.draw(b));
}

TEST(ServiceTime, BadTextsAreUsageErrors) {
  for (const char* bad : {"", "20ms", "exp", "exp:", "exp:20", "gauss:20ms", "bimodal:10ms",
                          "bimodal:10ms,200ms,110%", "lognormal:20ms,9", "exp:20ms,1"}) {
    EXPECT_FALSE(ServiceTime::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace weir::lab
