// What observing costs: a count, a duration, a log line, a sampled refusal, a scrape.
//   build/release/bin/bench_observe
#include <benchmark/benchmark.h>
#include <fcntl.h>

#include <string>

#include "observe/event.h"
#include "observe/log.h"
#include "observe/prometheus.h"
#include "observe/sampler.h"

namespace weir::observe {
namespace {

constexpr uint16_t kWorkers = 2;

void count(benchmark::State& state) {
  static Registry registry(kWorkers);
  const Counter counter = registry.counter(Metric::kReloads, {"applied"});
  const auto worker = static_cast<uint16_t>(state.thread_index());
  for (auto _ : state) counter.add(worker);
}
BENCHMARK(count)->Threads(1)->Threads(2);

void record_duration(benchmark::State& state) {
  static Registry registry(kWorkers);
  const DurationRecorder recorder = registry.duration(Metric::kQueueWait, {"orders"});
  const auto worker = static_cast<uint16_t>(state.thread_index());
  int64_t nanos = 1;
  for (auto _ : state) {
    recorder.record(worker, Duration(nanos));
    nanos = nanos * 5 / 4 + 1;
    if (nanos > 2'000'000'000) nanos = 1;
  }
}
BENCHMARK(record_duration)->Threads(1)->Threads(2);

void put_event(benchmark::State& state) {
  EventRing ring;
  ControlEvent event;
  event.upstream = "orders";
  for (auto _ : state) ring.put(event);
}
BENCHMARK(put_event);

// The usual refusal in an overload: counted, not written.
void sample_away(benchmark::State& state) {
  Sampler sampler;
  sampler.take(Instant{});
  for (auto _ : state) benchmark::DoNotOptimize(sampler.take(Instant{}));
}
BENCHMARK(sample_away);

// Most lines find the ring full here; formatting, which is nearly all of the cost, is done anyway.
void log_line(benchmark::State& state) {
  LogOptions options;
  options.fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  Log log(options);
  for (auto _ : state)
    log.write(LogLevel::kWarning, "refused", "orders is at its limit: 118 of 118 in flight",
              {{"upstream", std::string_view("orders")},
               {"reason", std::string_view("concurrency_limit")},
               {"value", int64_t{118}},
               {"bound", int64_t{118}},
               {"left_out", int64_t{4211}}});
}
BENCHMARK(log_line);

// A shop: 20 upstreams with all their series.
void scrape(benchmark::State& state) {
  Registry registry(kWorkers);
  for (int i = 0; i < 20; ++i) {
    const std::string upstream = "upstream-" + std::to_string(i);
    for (const char* reason : {"concurrency_limit", "queue_timeout", "shed", "priority"})
      for (const char* priority : {"CRITICAL", "SHEDDABLE"})
        registry.counter(Metric::kRejections, {upstream, priority, reason}).add(0);
    registry.duration(Metric::kUpstreamDuration, {upstream}).record(0, std::chrono::seconds(1));
    registry.duration(Metric::kQueueWait, {upstream}).record(1, std::chrono::milliseconds(1));
  }
  for (auto _ : state) benchmark::DoNotOptimize(render_prometheus(registry));
}
BENCHMARK(scrape)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace weir::observe
