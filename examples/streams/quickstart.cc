// The shortest flow: numbers, a transformation, a filter, and a sink that asks for 64 at a time.
#include <cstdio>
#include <optional>

#include "weir/streams/filter.h"
#include "weir/streams/for_each.h"
#include "weir/streams/map.h"
#include "weir/streams/source.h"

int main() {
  namespace streams = weir::streams;

  int64_t sum = 0;
  const auto add = [&sum](int64_t x) noexcept { sum += x; };
  const auto tell = [](const std::optional<streams::StreamError>& error) noexcept {
    std::puts(error ? "failed" : "completed");
  };

  streams::range<int64_t>(0, 1000) | streams::map([](int64_t x) noexcept { return x * x; }) |
      streams::filter([](int64_t x) noexcept { return x % 2 == 0; }) |
      streams::for_each(add, tell, 64);

  std::printf("sum of the even squares below a million: %lld\n", static_cast<long long>(sum));
  return sum == 166'167'000 ? 0 : 1;
}
