// ElasticLimit's search: halve or double until throughput stops, or starts, to respond.
#include <algorithm>
#include <cmath>

#include "elastic_tuning.h"
#include "weir/control/elastic_limit.h"

namespace weir {
namespace {

// The base of a step is measured by so many completions, or by a tenth of a second of them.
constexpr double kSearchFinishedBase = 60;
constexpr double kSearchBaseSeconds = 0.1;
// A step must be decided by then …
constexpr double kSearchFinishedMax = 400;
// … or these, where answers come so slowly that a wrong step costs less than waiting.
constexpr double kSearchFinishedSlow = 100;
constexpr double kSearchSlow = 0.3;  // seconds
// A step up that brings less than this has found its bound.
constexpr double kTurn = 0.2;

}  // namespace

void ElasticLimit::begin_search(bool up) noexcept {
  regime_ = Regime::kSearch;
  saturation_ = 1;
  up_ = up;
  bounded_ = false;
  streak_ = 0;
  base_ = other_ = Arm{};
}

LimitDecision ElasticLimit::update_search(const WindowStats& window) noexcept {
  const bool at_base = base_.limit == 0 || base_.limit == limit_;
  Arm& arm = at_base ? base_ : other_;
  add(arm, window);
  // The base serves several steps, so it is measured better, unless answers come very slowly. Where
  // the service is full already, a tenth of a second more costs nothing but latency.
  const double full = up_ ? 0.0 : std::min(kSearchBaseSeconds * throughput_, kSearchFinishedMax);
  const double wanted = at_base && arm.seconds < kSearchSlow ? std::max(kSearchFinishedBase, full)
                                                             : kSearchFinishedMin;
  const bool enough =
      arm.finished >= wanted && arm.seconds >= std::min(0.5 * latency_, kSettleMax / 2);
  if (!enough || !spans_bursts(arm)) return stay(LimitCause::kProbe);
  if (at_base) return aim_search(window);

  const double span = std::log(static_cast<double>(other_.limit) / base_.limit);
  const double elasticity = std::log(other_.rate() / base_.rate()) / span;
  const double error = counting_error(base_, other_) / std::abs(span);
  // Upwards, whether to go on hangs on a second threshold.
  const bool decided =
      std::abs(elasticity - options_.elasticity_worth) > options_.confidence * error &&
      (!up_ || std::abs(elasticity - kGoOn) > error);
  elasticity_ = elasticity;
  const bool long_enough = other_.finished >= kSearchFinishedMax ||
                           (other_.finished >= kSearchFinishedSlow && other_.seconds > kSearchSlow);
  if (!decided && !long_enough) return stay(LimitCause::kProbe);
  return conclude_step(window, elasticity, decided);
}

// The other limit of a search step: a factor away from the base, on the side we look at.
LimitDecision ElasticLimit::aim_search(const WindowStats& window) noexcept {
  const uint32_t base = base_.limit;
  if (base <= options_.range.min) up_ = true;
  if (base >= options_.range.max) up_ = false;
  const bool cold = up_ && latency_unsaturated_ == 0;
  const double up = careful(cold ? options_.cold_ratio : options_.search_ratio, streak_);
  const double wanted = std::round(up_ ? base * up : base / options_.search_ratio);
  uint32_t limit = whole(clamp_to(options_.range, wanted));
  if (limit == base) limit = up_ ? base + 1 : base - 1;
  other_ = Arm{};
  return move_to(limit, LimitCause::kProbe, window);
}

LimitDecision ElasticLimit::conclude_step(const WindowStats& window, double elasticity,
                                          bool clear) noexcept {
  const bool follows = elasticity > kGoOn;
  // Going down on chance leads far below the knee, so what is not clear must look twice as flat.
  const double flat = clear ? options_.elasticity_worth : options_.elasticity_worth / 2;
  if (up_ ? follows : elasticity < flat) {  // the other limit is better: go on
    bounded_ = bounded_ || !up_;
    if (up_) ++streak_;
    base_ = other_;
    if (up_ || base_.limit > options_.range.min) return aim_search(window);
  } else if (up_ && elasticity < kTurn) {  // more brought nothing: the knee is not above the base
    bounded_ = true;
    up_ = false;
    return aim_search(window);
  } else if (!up_ && follows && !bounded_) {  // less costs in full: the knee is above the base
    up_ = true;
    return aim_search(window);
  }
  // A search ends a time of change, in which throughput also moves by itself: it says where to
  // begin, and nothing about a decline beyond the knee.
  const Arm& low = up_ ? base_ : other_;
  const Arm& high = up_ ? other_ : base_;
  const double error = counting_error(low, high);
  const double response =
      std::clamp(high.rate() / low.rate(), 1.0, static_cast<double>(high.limit) / low.limit);
  return begin_track(low.limit * response, error, window);
}

}  // namespace weir
