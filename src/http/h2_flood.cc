#include "http/h2_flood.h"

#include <algorithm>

namespace weir::http {

std::string_view to_string(H2Flood flood) noexcept {
  switch (flood) {
    case H2Flood::kNone: return "none";
    case H2Flood::kRapidReset: return "rapid_reset";
    case H2Flood::kForcedReset: return "forced_reset";
    case H2Flood::kRefused: return "refused_streams";
    case H2Flood::kPing: return "ping";
    case H2Flood::kSettings: return "settings";
    case H2Flood::kPriority: return "priority";
    case H2Flood::kWindowUpdate: return "window_update";
    case H2Flood::kEmptyData: return "empty_data";
    case H2Flood::kContinuation: return "continuation";
    case H2Flood::kOtherFrame: return "other_frame";
  }
  return "?";
}

H2FloodGuard::H2FloodGuard(const H2FloodLimits& limits, Instant now) noexcept
    : limits_(limits), refilled_at_(now) {
  for (size_t i = 0; i < tokens_.size(); ++i) tokens_[i] = limits.budgets[i].burst;
}

bool H2FloodGuard::charge(H2Flood kind, Instant now) noexcept {
  if (now > refilled_at_) {
    const double seconds = to_seconds(now - refilled_at_);
    for (size_t i = 0; i < tokens_.size(); ++i) {
      const H2FloodBudget& budget = limits_.budgets[i];
      tokens_[i] = std::min<double>(budget.burst, tokens_[i] + seconds * budget.per_second);
    }
    refilled_at_ = now;
  }
  double& left = tokens_[static_cast<size_t>(kind)];
  if (left < 1) return false;
  left -= 1;
  return true;
}

void H2FloodGuard::earn() noexcept {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const H2FloodBudget& budget = limits_.budgets[i];
    if (budget.per_work == 0) continue;
    tokens_[i] = std::min<double>(budget.burst, tokens_[i] + budget.per_work);
  }
}

}  // namespace weir::http
