// Memory over time when the producer could be 100 times faster than the consumer.
//
//   bench_streams_memory pull|queue [SECONDS]
//
// The producer makes 20,000 items of 1 KB a second, if it is let; the consumer does 200. `pull`
// joins them by a flow with a buffer of 256 items, `queue` by a queue without a bound, as it is
// often written. Prints the resident memory ten times a second: seconds, megabytes, items made,
// items consumed.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <latch>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "weir/exec/thread_pool.h"
#include "weir/streams/for_each.h"
#include "weir/streams/publish_on.h"
#include "weir/streams/source.h"
#include "weir/streams/subscribe_on.h"

namespace {

namespace streams = weir::streams;
using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr microseconds kMakeTime(50);       // 20,000 a second
constexpr microseconds kConsumeTime(5000);  // 200 a second
constexpr int kMakeBurst = 20;              // sleeping for 50 µs is not exact; for 1 ms it is

struct Counters {
  std::atomic<uint64_t> made{0};
  std::atomic<uint64_t> consumed{0};
  std::atomic<bool> stop{false};
};

double resident_megabytes() {
  long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
  if (file != nullptr) std::fclose(file);
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

std::optional<std::string> make_one(Counters& counters) {
  if (counters.stop) return std::nullopt;
  if (counters.made++ % kMakeBurst == 0) std::this_thread::sleep_for(kMakeTime * kMakeBurst);
  return std::string(1000, 'x');
}

void consume_one(Counters& counters) {
  std::this_thread::sleep_for(kConsumeTime);
  ++counters.consumed;
}

void sample(Counters& counters, double seconds) {
  const auto begin = Clock::now();
  for (int i = 0; i * 0.1 <= seconds; ++i) {
    std::this_thread::sleep_until(begin + milliseconds(100) * i);
    std::printf("%.1f %.2f %llu %llu\n", i * 0.1, resident_megabytes(),
                static_cast<unsigned long long>(counters.made.load()),
                static_cast<unsigned long long>(counters.consumed.load()));
  }
  counters.stop = true;
}

void pull(double seconds) {
  Counters counters;
  std::latch done(1);
  weir::exec::ThreadPool pool({.threads = 2});
  streams::generate([&counters] { return make_one(counters); }) | streams::subscribe_on(pool) |
      streams::publish_on(pool, {.items = 256}) |
      streams::for_each(
          [&counters](const std::string&) noexcept {
            if (!counters.stop) consume_one(counters);
          },
          [&done](const auto&) noexcept { done.count_down(); }, 64);
  sample(counters, seconds);
  done.wait();
}

void queue(double seconds) {
  Counters counters;
  std::mutex mutex;
  std::deque<std::string> items;
  std::thread producer([&] {
    while (auto item = make_one(counters)) {
      const std::lock_guard lock(mutex);
      items.push_back(std::move(*item));
    }
  });
  std::thread consumer([&] {
    while (!counters.stop) {
      bool any = false;
      {
        const std::lock_guard lock(mutex);
        any = !items.empty();
        if (any) items.pop_front();
      }
      if (any) consume_one(counters);
    }
  });
  sample(counters, seconds);
  producer.join();
  consumer.join();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const double seconds = argc > 2 ? std::atof(argv[2]) : 10;
  if (mode == "pull") {
    pull(seconds);
  } else if (mode == "queue") {
    queue(seconds);
  } else {
    std::fputs("usage: bench_streams_memory pull|queue [SECONDS]\n", stderr);
    return 64;
  }
  return 0;
}
