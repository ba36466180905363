// Backoff: how long to wait before trying again, so that those who failed together do not return
// together.
#pragma once

#include <algorithm>
#include <chrono>

#include "weir/base/rng.h"
#include "weir/base/time.h"

namespace weir {

/// Exponential backoff with full jitter: uniform in [0, min(cap, base · 2^attempt)). Full jitter
/// needs the fewest calls of the variants compared by Brooker, "Exponential Backoff And Jitter"
/// (AWS Architecture Blog, 2015). A value type.
struct Backoff {
  Duration base = std::chrono::milliseconds(25);
  Duration cap = std::chrono::milliseconds(250);

  /// The longest possible wait before retry number `attempt`, counted from 0.
  constexpr Duration ceiling(int attempt) const noexcept {
    Duration ceiling = std::min(base, cap);
    for (int i = 0; i < attempt && ceiling < cap; ++i)
      ceiling = ceiling > cap / 2 ? cap : 2 * ceiling;
    return ceiling;
  }

  /// The wait before retry number `attempt`. A server's `pushback` (Retry-After) comes on top, so
  /// that those it told the same do not return together either.
  Duration delay(int attempt, Rng& rng, Duration pushback = {}) const noexcept {
    const auto span = static_cast<uint64_t>(std::max<int64_t>(0, ceiling(attempt).count()));
    return pushback + Duration(static_cast<int64_t>(rng.below(span)));
  }
};

}  // namespace weir
