#include "sim/compare.h"

#include <atomic>
#include <thread>

#include "sim/world.h"
#include "weir/control/registry.h"

namespace weir::sim {

Score score(const MatrixRow& row, const GuardSpec& guard, int seed_count, int threads) {
  std::vector<std::vector<double>> values(static_cast<size_t>(seed_count));
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int i = next++; i < seed_count; i = next++) {
      World world(row.scenario, guard, static_cast<uint64_t>(i) + 1);
      RunResult result = world.run();
      values[static_cast<size_t>(i)] = row.measure(row.scenario, result);
    }
  };
  std::vector<std::thread> pool;
  for (int i = 1; i < threads; ++i) pool.emplace_back(work);
  work();
  for (std::thread& thread : pool) thread.join();

  Score score;
  for (size_t t = 0; t < row.targets.size(); ++t) {
    double worst = values[0][t];
    double total = 0;
    for (const auto& value : values) {
      const bool at_least = row.targets[t].sense == Sense::kAtLeast;
      worst = at_least ? std::min(worst, value[t]) : std::max(worst, value[t]);
      total += value[t];
    }
    score.worst.push_back(worst);
    score.mean.push_back(total / seed_count);
  }
  return score;
}

GuardSpec guard_of_law(const std::string& law) {
  GuardSpec guard;
  guard.name = law;
  guard.law = [law](uint64_t seed) { return make_limit(law, seed); };
  return guard;
}

}  // namespace weir::sim
