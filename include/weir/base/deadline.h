// The instant after which nobody wants the answer any more.
#pragma once

#include <algorithm>

#include "weir/base/time.h"

namespace weir {

/// A caller's deadline: absolute, so that waiting in queues and retries shrinks it by itself.
/// Default-constructed it is unbounded. A value type; safe to copy between threads.
class Deadline {
 public:
  constexpr Deadline() noexcept = default;

  static constexpr Deadline none() noexcept { return {}; }
  static constexpr Deadline at(Instant when) noexcept { return Deadline(when); }

  /// `timeout` after `now`, saturated: a timeout too large to represent means none.
  static constexpr Deadline after(Duration timeout, Instant now) noexcept {
    const Duration room = kInstantMax - std::max(now, Instant{});
    return timeout >= room ? Deadline() : Deadline(now + timeout);
  }

  constexpr bool bounded() const noexcept { return when_ != kInstantMax; }
  constexpr Instant when() const noexcept { return when_; }
  constexpr bool passed(Instant now) const noexcept { return now >= when_; }

  /// Time left, never negative. Duration::max() when unbounded.
  constexpr Duration remaining(Instant now) const noexcept {
    if (!bounded()) return Duration::max();
    return passed(now) ? Duration::zero() : when_ - now;
  }

  /// The earlier of the two: how a hop combines its own timeout with the caller's.
  constexpr Deadline earlier(Deadline other) const noexcept {
    return Deadline(std::min(when_, other.when_));
  }

  friend constexpr bool operator==(Deadline, Deadline) noexcept = default;

 private:
  explicit constexpr Deadline(Instant when) noexcept : when_(when) {}
  Instant when_ = kInstantMax;
};

}  // namespace weir
