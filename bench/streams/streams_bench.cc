// Items a second through the pipelines that bench/streams/jmh runs with Reactor and RxJava.
//
//   bench_streams [--seconds S] [--spin-us N] [NAME...]
//
// Prints one line a case: name, millions of source items a second (median of the repetitions), and
// the number of items that arrived. Each pipeline folds what arrives into a checksum, so that no
// item can be optimised away.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <latch>
#include <string>
#include <vector>

#include "weir/exec/thread_pool.h"
#include "weir/streams/filter.h"
#include "weir/streams/flat_map.h"
#include "weir/streams/for_each.h"
#include "weir/streams/group_by_key.h"
#include "weir/streams/map.h"
#include "weir/streams/publish_on.h"
#include "weir/streams/source.h"
#include "weir/streams/subscribe_on.h"

namespace {

using weir::streams::filter;
using weir::streams::flat_map;
using weir::streams::Flow;
using weir::streams::for_each;
using weir::streams::group_by_key;
using weir::streams::kUnbounded;
using weir::streams::map;
using weir::streams::publish_on;
using weir::streams::range;
using weir::streams::subscribe_on;

using Clock = std::chrono::steady_clock;

/// What a run of `items` source items let through.
struct Result {
  uint64_t arrived = 0;
  uint64_t checksum = 0;
};

const auto kTriple = [](int64_t x) noexcept { return x * 3; };
const auto kEven = [](int64_t x) noexcept { return (x & 1) == 0; };

// Not inlined: the batch is not known when the loop is compiled.
[[gnu::noinline]] Result fused(int64_t items, uint64_t batch) {
  Result result;
  range<int64_t>(0, items) | map(kTriple) | filter(kEven) |
      for_each(
          [&result](int64_t x) noexcept {
            ++result.arrived;
            result.checksum ^= static_cast<uint64_t>(x);
          },
          {}, batch);
  return result;
}

// Every operator behind the virtual interface, as when flows are stored or passed around.
[[gnu::noinline]] Result erased(int64_t items, uint64_t batch) {
  Result result;
  Flow<int64_t> source = range<int64_t>(0, items);
  Flow<int64_t> mapped = source | map(kTriple);
  Flow<int64_t> filtered = mapped | filter(kEven);
  filtered | for_each(
                 [&result](int64_t x) noexcept {
                   ++result.arrived;
                   result.checksum ^= static_cast<uint64_t>(x);
                 },
                 {}, batch);
  return result;
}

Result boundary(weir::exec::ThreadPool& pool, int64_t items, uint64_t buffer) {
  Result result;
  std::latch done(1);
  range<int64_t>(0, items) | subscribe_on(pool) | publish_on(pool, {.items = buffer}) |
      for_each(
          [&result](int64_t x) noexcept {
            ++result.arrived;
            result.checksum ^= static_cast<uint64_t>(x);
          },
          [&done](const auto&) noexcept { done.count_down(); }, kUnbounded);
  done.wait();
  return result;
}

constexpr int64_t kInner = 1000;

Result flat(int64_t items) {
  Result result;
  range<int64_t>(0, items / kInner) |
      flat_map([](int64_t x) noexcept { return range<int64_t>(x, x + kInner); },
               {.concurrency = 16, .prefetch = 32}) |
      for_each(
          [&result](int64_t x) noexcept {
            ++result.arrived;
            result.checksum ^= static_cast<uint64_t>(x);
          },
          {}, 256);
  return result;
}

Result grouped(int64_t items) {
  Result result;
  range<int64_t>(0, items) | group_by_key([](int64_t x) noexcept { return x & 63; }) |
      flat_map([](auto group) noexcept { return std::move(group.items); },
               {.concurrency = 64, .prefetch = 32}) |
      for_each(
          [&result](int64_t x) noexcept {
            ++result.arrived;
            result.checksum ^= static_cast<uint64_t>(x);
          },
          {}, 256);
  return result;
}

struct Case {
  std::string name;
  std::function<Result(int64_t)> run;
};

std::vector<Case> cases(weir::exec::ThreadPool& pool) {
  std::vector<Case> all;
  for (const auto& [label, batch] :
       {std::pair<const char*, uint64_t>{"1", 1}, {"256", 256}, {"unbounded", kUnbounded}}) {
    const uint64_t demand = batch;
    all.push_back(
        {std::string("sync/") + label, [demand](int64_t items) { return fused(items, demand); }});
    all.push_back({std::string("sync-erased/") + label,
                   [demand](int64_t items) { return erased(items, demand); }});
  }
  for (const uint64_t buffer : {64u, 256u, 1024u}) {
    all.push_back({"async/" + std::to_string(buffer),
                   [&pool, buffer](int64_t items) { return boundary(pool, items, buffer); }});
  }
  all.push_back({"flat_map/16", flat});
  all.push_back({"group_by_key/64", grouped});
  return all;
}

// The median of repetitions that together take about `seconds`.
void measure(const Case& bench, double seconds) {
  constexpr int kRepetitions = 9;
  const double slice = seconds / (kRepetitions + 1);
  int64_t items = 100'000;
  Result result;
  double rate = 0;
  for (double spent = 0; spent < slice; items *= 2) {  // also the warm-up
    const auto begin = Clock::now();
    result = bench.run(items);
    spent = std::chrono::duration<double>(Clock::now() - begin).count();
    rate = static_cast<double>(items) / spent;
  }
  items = std::max<int64_t>(100'000, static_cast<int64_t>(rate * slice) / kInner * kInner);
  std::vector<double> rates;
  for (int i = 0; i < kRepetitions; ++i) {
    const auto begin = Clock::now();
    result = bench.run(items);
    rates.push_back(static_cast<double>(items) /
                    std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::sort(rates.begin(), rates.end());
  std::printf("%-24s %10.1f %14llu\n", bench.name.c_str(), rates[kRepetitions / 2] / 1e6,
              static_cast<unsigned long long>(result.arrived));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 2;
  long spin_us = 50;
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--seconds" && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (argument == "--spin-us" && i + 1 < argc) {
      spin_us = std::atol(argv[++i]);
    } else {
      names.push_back(argument);
    }
  }
  weir::exec::ThreadPool pool({.threads = 2, .spin = std::chrono::microseconds(spin_us)});
  for (const Case& bench : cases(pool)) {
    const bool wanted =
        names.empty() || std::any_of(names.begin(), names.end(), [&bench](const std::string& name) {
          return bench.name.find(name) == 0;
        });
    if (wanted) measure(bench, seconds);
  }
}
