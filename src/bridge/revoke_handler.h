// RevokeHandler: giving partitions back without losing or repeating more than must be.
#pragma once

#include <cstdint>

#include "weir/base/time.h"

namespace weir::bridge {

/// One rebalance that takes partitions away, or the shutdown, which takes all:
/// stop their lanes → wait for what is out, at most drain_max → commit what is done → give back.
/// The group waits meanwhile, so the drain is bounded well below the rebalance time-out (5 min).
/// When the partitions are lost (this member was expelled), a commit would be refused, and what is
/// out belongs to the new owner already: they are given back at once. Not thread-safe.
class RevokeHandler {
 public:
  enum class Phase : uint8_t { kIdle, kDraining, kCommitting, kReleasing };

  RevokeHandler(Duration drain_max, Duration commit_max) noexcept
      : drain_max_(drain_max), commit_max_(commit_max) {}

  /// Only while idle.
  void begin(bool lost, Instant now) noexcept;

  /// `out`: records of these partitions still out. True when the phase became another; the host
  /// then sends the commit (kCommitting) or gives the partitions back (kReleasing).
  bool advance(size_t out, Instant now) noexcept;
  /// The broker answered the commit, whatever it said.
  void committed() noexcept;
  /// The partitions were given back.
  void released() noexcept;

  Phase phase() const noexcept { return phase_; }
  bool idle() const noexcept { return phase_ == Phase::kIdle; }
  /// Whether the last drain ended by its bound, with records still out.
  bool cut_short() const noexcept { return cut_short_; }
  /// When advance() may give something new by itself; kInstantMax while idle.
  Instant deadline() const noexcept { return idle() ? kInstantMax : deadline_; }

 private:
  Duration drain_max_;
  Duration commit_max_;
  Phase phase_ = Phase::kIdle;
  bool cut_short_ = false;
  bool acknowledged_ = false;
  Instant deadline_ = kInstantMax;
};

}  // namespace weir::bridge
