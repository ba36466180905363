// StallWatchdog: notices a partition that should move and does not, and says what to try.
#pragma once

#include <cstdint>

#include "weir/base/time.h"

namespace weir::bridge {

/// What to do about a partition, mildest first.
enum class Remedy : uint8_t {
  kNone,
  kReread,  ///< look at its queue again: a wake-up may have been lost
  kSeek,    ///< fetch from the position again
  kRejoin,  ///< leave the group and come back
};

/// One partition. It is stalled while it has lag, none of its records is held or in flight, and its
/// position does not move. The remedies come 5, 12 and 22 s into a stall, so that with the time
/// that the last one takes no partition stands still for 30 s. Not thread-safe.
class StallWatchdog {
 public:
  static constexpr Duration kRereadAfter = std::chrono::seconds(5);
  static constexpr Duration kSeekAfter = std::chrono::seconds(12);
  static constexpr Duration kRejoinAfter = std::chrono::seconds(22);

  /// `lag` in records; `held`: records of the partition in lanes or in flight; `progress`: any
  /// number that changes when the partition moves. Call once a second or so.
  Remedy check(int64_t lag, size_t held, uint64_t progress, Instant now) noexcept;

  /// How long it has been stalled.
  Duration stalled(Instant now) const noexcept { return standing_ ? now - since_ : Duration{}; }

 private:
  uint64_t progress_ = 0;
  Instant since_{};
  bool standing_ = false;
  Remedy tried_ = Remedy::kNone;
};

}  // namespace weir::bridge
