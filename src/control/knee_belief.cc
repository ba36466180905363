#include "weir/control/knee_belief.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weir {
namespace {

// Spread over all places: what makes the belief able to change its mind.
constexpr double kEverywhere = 1e-4;
// The likelihood of a response that fits no knee at all: counts are not quite normal.
constexpr double kOutlier = 0.003;
// A belief starts with this share of doubt: a distribution of this deviation instead of its own.
constexpr double kDoubt = 0.1;
constexpr double kDoubtDeviation = 0.7;

}  // namespace

void KneeBelief::normalise() noexcept {
  const double total = std::accumulate(mass_.begin(), mass_.end(), 0.0);
  for (double& mass : mass_) mass = mass / total * (1 - kEverywhere) + kEverywhere / kCells;
}

void KneeBelief::reset(double log_knee, double deviation) noexcept {
  for (int i = 0; i < kCells; ++i) {
    const double distance = i * kStep - log_knee;
    const double near = distance / deviation;
    const double far = distance / kDoubtDeviation;
    mass_[static_cast<size_t>(i)] = (1 - kDoubt) / deviation * std::exp(-near * near / 2) +
                                    kDoubt / kDoubtDeviation * std::exp(-far * far / 2);
  }
  normalise();
}

void KneeBelief::observe(double log_low, double log_high, double response, double error) noexcept {
  for (int i = 0; i < kCells; ++i) {
    const double expected = std::clamp(i * kStep - log_low, 0.0, log_high - log_low);
    const double z = (response - expected) / error;
    mass_[static_cast<size_t>(i)] *= std::exp(-z * z / 2) + kOutlier;
  }
  normalise();
}

void KneeBelief::diffuse(double variance) noexcept {
  const double moved = std::min(0.25, variance / (2 * kStep * kStep));  // to either side
  double left = mass_.front();
  for (size_t i = 0; i < mass_.size(); ++i) {
    const double here = mass_[i];
    const double right = i + 1 < mass_.size() ? mass_[i + 1] : here;
    mass_[i] += moved * (left + right - 2 * here);
    left = here;
  }
}

double KneeBelief::quantile(double q) const noexcept {
  double below = 0;
  for (int i = 0; i < kCells; ++i) {
    const double mass = mass_[static_cast<size_t>(i)];
    if (below + mass >= q) return std::max(0.0, (i - 0.5 + (q - below) / mass) * kStep);
    below += mass;
  }
  return kCells * kStep;
}

}  // namespace weir
