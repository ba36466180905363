// Time as the engine sees it: a value that hosts pass in. Nothing here can read a clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

/// A span of time in nanoseconds. Signed; covers ±292 years.
using Duration = std::chrono::duration<int64_t, std::nano>;

/// The engine's time line: steady, origin chosen by the host, and deliberately without now().
/// Real hosts map CLOCK_MONOTONIC onto it, the simulator maps virtual time.
struct Timeline {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Timeline>;
  static constexpr bool is_steady = true;
};

/// A point on the time line. Compare and subtract freely; the origin means nothing.
using Instant = Timeline::time_point;

/// Later than every instant a host will ever pass: "no deadline", "no wake-up".
inline constexpr Instant kInstantMax = Instant::max();

/// Seconds as a double, for arithmetic on rates. Never use it to keep time.
constexpr double to_seconds(Duration d) noexcept {
  return std::chrono::duration<double>(d).count();
}

/// Nearest duration to `seconds`, saturated to the range of Duration. NaN gives zero.
constexpr Duration from_seconds(double seconds) noexcept {
  constexpr double kNanosMax = 9.2e18;
  const double nanos = seconds * 1e9;
  if (nanos >= kNanosMax) return Duration::max();
  if (nanos <= -kNanosMax) return Duration::min();
  if (nanos != nanos) return Duration::zero();
  return Duration(static_cast<int64_t>(nanos));
}

}  // namespace weir
