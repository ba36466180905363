// What explaining costs a request: remembering a refusal, and deciding whether to remember an
// ending; beside it all that is counted for a served request.
//   build/release/bin/bench_explain
#include <benchmark/benchmark.h>

#include "proxy/explain_log.h"
#include "proxy/telemetry.h"

namespace weir::proxy {
namespace {

using namespace std::chrono_literals;

const RequestContext kContext;

ExplainFacts facts() {
  return {.request_id = "31769090ce7fef38",
          .method = "GET",
          .path = "/checkout/cart/items",
          .route = "checkout",
          .context = kContext,
          .started_at = Instant{1s},
          .admitted_at = Instant{1s},
          .dispatched = true,
          .attempts = 1};
}

const ExplainSite kSite{"orders", "", {.inflight = 3, .limit = 118}, {}};

void remember_a_refusal(benchmark::State& state) {
  ExplainLog log(0);
  Rejection rejection;
  Answer answer;
  for (auto _ : state) log.refused(facts(), kSite, rejection, answer, Instant{2s});
}
BENCHMARK(remember_a_refusal);

// One in 64 is kept.
void remember_served(benchmark::State& state) {
  ExplainLog log(0);
  for (auto _ : state) {
    const ExplainFacts told = facts();
    benchmark::DoNotOptimize(&told);
    if (log.wants(Outcome::kSuccess))
      log.ended(told, kSite, Outcome::kSuccess, 20ms, true, Instant{2s});
  }
}
BENCHMARK(remember_served);

void count_served(benchmark::State& state) {
  observe::Registry registry(1);
  const Telemetry telemetry(registry, "checkout", "orders");
  for (auto _ : state) telemetry.finished(0, Criticality::kCritical, Outcome::kSuccess, 20ms, 19ms);
}
BENCHMARK(count_served);

void keep_the_path(benchmark::State& state) {
  observe::ShortName path;
  const std::string_view target = "/checkout/cart/items?session=4711";
  for (auto _ : state) {
    path = target.substr(0, target.find_first_of("?#"));
    benchmark::DoNotOptimize(path);
  }
}
BENCHMARK(keep_the_path);

}  // namespace
}  // namespace weir::proxy
