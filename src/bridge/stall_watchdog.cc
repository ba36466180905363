#include "bridge/stall_watchdog.h"

namespace weir::bridge {

Remedy StallWatchdog::check(int64_t lag, size_t held, uint64_t progress, Instant now) noexcept {
  const bool idle = lag > 0 && held == 0;
  if (!idle || !standing_ || progress != progress_) {
    standing_ = idle;
    progress_ = progress;
    since_ = now;
    tried_ = Remedy::kNone;
    return Remedy::kNone;
  }
  const Duration stalled = now - since_;
  Remedy due = Remedy::kNone;
  if (stalled >= kRereadAfter) due = Remedy::kReread;
  if (stalled >= kSeekAfter) due = Remedy::kSeek;
  if (stalled >= kRejoinAfter) due = Remedy::kRejoin;
  if (due <= tried_) return Remedy::kNone;
  return tried_ = due;
}

}  // namespace weir::bridge
