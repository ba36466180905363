// compare: guards against the scenario matrix, seed by seed; the worst seed counts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/contestants.h"
#include "sim/matrix.h"

namespace weir::sim {

/// The seeds first … first + count − 1, on so many threads.
struct Seeds {
  int count = 10;
  uint64_t first = 1;
  int threads = 1;
};

/// What one guard reached in one row: for each target the worst and the mean over the seeds.
struct Score {
  std::vector<double> worst;
  std::vector<double> mean;
};

/// Runs a guard through a row.
Score score(const MatrixRow& row, const GuardSpec& guard, const Seeds& seeds);

/// What a yardstick (see contestants.h) reached in its worst seed.
struct Yardstick {
  std::string name;
  double worst = 0;
};

/// One line of the comparison. `best_peer` is the best over the peers' settings of their worst
/// seed; its name is empty when no peer ran.
struct Comparison {
  std::string scenario;
  std::string title;
  Target target;
  double ours_worst = 0;
  double ours_mean = 0;
  std::vector<Yardstick> yardsticks;
  double best_peer = 0;
  std::string best_peer_name;
  bool pass = false;
};

struct CompareOptions {
  Seeds seeds;
  bool with_peers = true;
  std::vector<std::string> peers;  ///< names of contestants; empty: all
  std::vector<std::string> only;   ///< ids of rows; empty: all
  std::string law = "elastic";     ///< what stands for ours
  /// Called now and then with the row's id, the settings done and all of them.
  std::function<void(const std::string& row, size_t done, size_t all)> progress;
};

/// Runs the matrix; `done` is called after each row with its lines. A setting of a peer is dropped
/// as soon as its worst seed so far cannot be the best in any figure.
void compare(const CompareOptions& options,
             const std::function<void(const std::vector<Comparison>&)>& done);

/// A table of these lines for people, and an array of objects with the fields scenario, metric,
/// target, ours_worst, ours_mean, best_peer, best_peer_name, pass.
std::string to_table(const std::vector<Comparison>& lines, bool header);
std::string to_json(const std::vector<Comparison>& lines);

}  // namespace weir::sim
