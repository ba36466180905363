#include "bridge/revoke_handler.h"

#include "weir/base/assert.h"

namespace weir::bridge {

void RevokeHandler::begin(bool lost, Instant now) noexcept {
  WEIR_ASSERT(idle());
  cut_short_ = false;
  acknowledged_ = lost;
  phase_ = lost ? Phase::kCommitting : Phase::kDraining;
  deadline_ = lost ? now : now + drain_max_;
}

bool RevokeHandler::advance(size_t out, Instant now) noexcept {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kReleasing: return false;
    case Phase::kDraining:
      if (out > 0 && now < deadline_) return false;
      cut_short_ = out > 0;
      phase_ = Phase::kCommitting;
      deadline_ = now + commit_max_;
      return true;
    case Phase::kCommitting:
      if (!acknowledged_ && now < deadline_) return false;
      phase_ = Phase::kReleasing;
      return true;
  }
  return false;
}

void RevokeHandler::committed() noexcept {
  if (phase_ == Phase::kCommitting) acknowledged_ = true;
}

void RevokeHandler::released() noexcept {
  WEIR_ASSERT(phase_ == Phase::kReleasing);
  phase_ = Phase::kIdle;
}

}  // namespace weir::bridge
