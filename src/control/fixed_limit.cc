#include "weir/control/fixed_limit.h"

namespace weir {

WindowSpec FixedLimit::window() const noexcept {
  return {std::chrono::seconds(1), 0, std::chrono::seconds(1)};
}

LimitDecision FixedLimit::update(const WindowStats& /*window*/, Instant /*now*/) noexcept {
  return {.limit = options_.limit, .cause = LimitCause::kHold};
}

const FigureNames& FixedLimit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {};
  return kNames;
}

}  // namespace weir
