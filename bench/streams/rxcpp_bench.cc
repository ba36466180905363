// The pipelines of streams_bench.cc in RxCpp, as far as it has them: it knows no demand, so there
// is one synchronous case, and its queue between two threads has no bound.
//
//   rxcpp_bench [--seconds S]
//
// Not built by CMake: ./run compiles it when WEIR_RXCPP names the folder that holds rxcpp/rx.hpp.
// Prints the lines that streams_bench prints.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <latch>
#include <string>
#include <vector>

#include "rxcpp/rx.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Result {
  uint64_t arrived = 0;
  uint64_t checksum = 0;
  void add(int64_t x) {
    ++arrived;
    checksum ^= static_cast<uint64_t>(x);
  }
};

auto range(int64_t begin, int64_t end) {
  return rxcpp::observable<>::range<int64_t>(begin, end - 1, rxcpp::identity_immediate());
}

Result fused(int64_t items) {
  Result result;
  range(0, items)
      .map([](int64_t x) { return x * 3; })
      .filter([](int64_t x) { return (x & 1) == 0; })
      .subscribe([&result](int64_t x) { result.add(x); });
  return result;
}

Result boundary(int64_t items) {
  Result result;
  std::latch done(1);
  range(0, items)
      .subscribe_on(rxcpp::observe_on_event_loop())
      .observe_on(rxcpp::observe_on_event_loop())
      .subscribe([&result](int64_t x) { result.add(x); }, [&done] { done.count_down(); });
  done.wait();
  return result;
}

Result flat(int64_t items) {
  constexpr int64_t kInner = 1000;
  Result result;
  range(0, items / kInner)
      .flat_map([](int64_t x) { return range(x, x + kInner); })
      .subscribe([&result](int64_t x) { result.add(x); });
  return result;
}

Result grouped(int64_t items) {
  Result result;
  range(0, items)
      .group_by([](int64_t x) { return x & 63; })
      .flat_map([](const rxcpp::grouped_observable<int64_t, int64_t>& group) { return group; })
      .subscribe([&result](int64_t x) { result.add(x); });
  return result;
}

// The median of nine repetitions that together take about `seconds`, as in streams_bench.cc.
void measure(const char* name, const std::function<Result(int64_t)>& run, double seconds) {
  constexpr int kRepetitions = 9;
  const double slice = seconds / (kRepetitions + 1);
  int64_t items = 10'000;
  double rate = 0;
  for (double spent = 0; spent < slice; items *= 2) {
    const auto begin = Clock::now();
    run(items);
    spent = std::chrono::duration<double>(Clock::now() - begin).count();
    rate = static_cast<double>(items) / spent;
  }
  items = std::max<int64_t>(10'000, static_cast<int64_t>(rate * slice) / 1000 * 1000);
  std::vector<double> rates;
  Result result;
  for (int i = 0; i < kRepetitions; ++i) {
    const auto begin = Clock::now();
    result = run(items);
    rates.push_back(static_cast<double>(items) /
                    std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::sort(rates.begin(), rates.end());
  std::printf("%-24s %10.1f %14llu\n", name, rates[kRepetitions / 2] / 1e6,
              static_cast<unsigned long long>(result.arrived));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc == 3 && std::string(argv[1]) == "--seconds" ? std::atof(argv[2]) : 2;
  measure("sync/unbounded", fused, seconds);
  measure("async/unbounded", boundary, seconds);
  measure("flat_map/16", flat, seconds);
  measure("group_by_key/64", grouped, seconds);
}
