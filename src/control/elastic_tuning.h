// What the source files of ElasticLimit share: its figures, and how they were chosen.
#pragma once

namespace weir {

// A limit is settled after this many latencies: what was in flight before the move has mostly left.
inline constexpr double kSettleLatencies = 1.0;
// … but at most so many seconds: in a collapse latency has no bound, and we must get out.
inline constexpr double kSettleMax = 2;
// Completions in an arm before anything may be decided.
inline constexpr double kSearchFinishedMin = 20;
// A step up that brings this share of itself goes on; less means that the knee is between.
inline constexpr double kGoOn = 0.75;
// Counts this much burstier than Poisson come from stop-and-go (CPU quota, garbage collection). The
// usual quota period is 100 ms; a visit then spans several.
inline constexpr double kBursty = 3;

}  // namespace weir
