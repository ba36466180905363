#include "config/suggest.h"

#include <algorithm>

namespace weir::config {
namespace {

constexpr int kEditsMax = 2;

// Optimal string alignment distance, by the full table: words here have a handful of letters.
int edits_between(std::string_view from, std::string_view to) {
  const size_t width = to.size() + 1;
  std::vector<int> cost((from.size() + 1) * width);
  const auto at = [&](size_t i, size_t j) -> int& { return cost[i * width + j]; };
  for (size_t i = 0; i <= from.size(); ++i) {
    for (size_t j = 0; j <= to.size(); ++j) {
      if (i == 0 || j == 0) {
        at(i, j) = static_cast<int>(i + j);
        continue;
      }
      const int replaced = at(i - 1, j - 1) + (from[i - 1] == to[j - 1] ? 0 : 1);
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, replaced});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
    }
  }
  return at(from.size(), to.size());
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  int best_edits = std::min(kEditsMax, (static_cast<int>(word.size()) - 1) / 2) + 1;
  for (const std::string& candidate : candidates) {
    const int edits = edits_between(word, candidate);
    if (edits >= best_edits) continue;
    best_edits = edits;
    best = candidate;
  }
  return best;
}

}  // namespace weir::config
