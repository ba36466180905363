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
// Most services only queue. Each decline keeps at least this share, and has it at first.
constexpr double kDeclineFloor = 0.01;

}  // namespace

KneeBelief::KneeBelief() noexcept {
  for (size_t d = 0; d < kDeclines.size(); ++d)
    mass_[d].fill(d == 0 ? 1 - kDeclineFloor * (kDeclines.size() - 1) : kDeclineFloor);
  normalise();
  reset(0, 1);
}

void KneeBelief::normalise() noexcept {
  double total = 0;
  for (const Places& places : mass_) total = std::accumulate(places.begin(), places.end(), total);
  const double everywhere = kEverywhere / (kCells * kDeclines.size());
  for (Places& places : mass_)
    for (double& mass : places) mass = mass / total * (1 - kEverywhere) + everywhere;
}

double KneeBelief::mass_at(size_t place) const noexcept {
  double mass = 0;
  for (const Places& places : mass_) mass += places[place];
  return mass;
}

KneeBelief::Shares KneeBelief::shares() const noexcept {
  Shares shares{};
  for (size_t d = 0; d < shares.size(); ++d)
    shares[d] = std::accumulate(mass_[d].begin(), mass_[d].end(), 0.0);
  return shares;
}

void KneeBelief::reset(double log_knee, double deviation) noexcept {
  Shares known = shares();
  for (double& share : known) share = std::max(share, kDeclineFloor);
  for (int i = 0; i < kCells; ++i) {
    const double distance = i * kStep - log_knee;
    const double near = distance / deviation;
    const double far = distance / kDoubtDeviation;
    const double mass = (1 - kDoubt) / deviation * std::exp(-near * near / 2) +
                        kDoubt / kDoubtDeviation * std::exp(-far * far / 2);
    for (size_t d = 0; d < known.size(); ++d) mass_[d][static_cast<size_t>(i)] = known[d] * mass;
  }
  normalise();
}

void KneeBelief::observe(double log_low, double log_high, double response, double error) noexcept {
  for (int i = 0; i < kCells; ++i) {
    const double rise = std::clamp(i * kStep - log_low, 0.0, log_high - log_low);
    const double beyond = log_high - log_low - rise;
    for (size_t d = 0; d < kDeclines.size(); ++d) {
      const double z = (response - (rise - kDeclines[d] * beyond)) / error;
      mass_[d][static_cast<size_t>(i)] *= std::exp(-z * z / 2) + kOutlier;
    }
  }
  normalise();
}

void KneeBelief::diffuse(double variance) noexcept {
  const double moved = std::min(0.25, variance / (2 * kStep * kStep));  // to either side
  for (Places& places : mass_) {
    double left = places.front();
    for (size_t i = 0; i < places.size(); ++i) {
      const double here = places[i];
      const double right = i + 1 < places.size() ? places[i + 1] : here;
      places[i] += moved * (left + right - 2 * here);
      left = here;
    }
  }
}

double KneeBelief::quantile(double q) const noexcept {
  double below = 0;
  for (int i = 0; i < kCells; ++i) {
    const double mass = mass_at(static_cast<size_t>(i));
    if (below + mass >= q) return std::max(0.0, (i - 0.5 + (q - below) / mass) * kStep);
    below += mass;
  }
  return kCells * kStep;
}

double KneeBelief::decline() const noexcept {
  const Shares known = shares();
  double mean = 0;
  for (size_t d = 0; d < known.size(); ++d) mean += known[d] * kDeclines[d];
  return mean;
}

}  // namespace weir
