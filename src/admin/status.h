// Status: what is going on, in one sentence, and the warning before anything is refused. The
// dashboard, `weir status` and `weir top` show this one judgement, so that they cannot disagree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/history.h"
#include "observe/json.h"
#include "observe/state.h"

namespace weir::admin {

/// Worse is greater.
enum class Level : uint8_t {
  kIdle,      ///< no traffic
  kOk,        ///< nothing to tell
  kRising,    ///< nothing is refused, and soon something may be
  kFailing,   ///< the upstream fails; weir refuses nothing
  kShedding,  ///< requests are refused (with --dry-run: would be)
  kDraining,  ///< the process is shutting down
};

const char* to_string(Level level) noexcept;

struct UpstreamStatus {
  std::string name;
  Level level = Level::kIdle;
  std::string sentence;
  double pressure = 0;       ///< share of the limit in use over the last seconds; may exceed 1
  double refused_ratio = 0;  ///< of what came, over the last seconds
  double requests_per_second = 0;
};

struct Status {
  Level level = Level::kIdle;
  std::string sentence = "No traffic yet.";
  std::vector<UpstreamStatus> upstreams;
};

/// Judges the newest rows. A pure function of its arguments.
///
/// Pressure is the mean number in progress over the limit, by Little's law from what ended in the
/// last seconds, or what is in flight now if that is more (what hangs does not end). It rises when
/// it is at least kPressureHigh, when its trend over the last kTrendRows reaches 1 within
/// kForewarning, when requests stood in the queue for two seconds, or when the upstream's p99 is
/// kSlowerBy times its median of the last minutes.
Status judge(const History& history, const observe::StateProvider& state);

inline constexpr double kPressureHigh = 0.8;
inline constexpr size_t kTrendRows = 8;
inline constexpr double kForewarningSeconds = 30;
inline constexpr double kSlowerBy = 3;
inline constexpr size_t kNowRows = 3;  ///< what "the last seconds" are

void write_status(observe::JsonWriter& json, const Status& status);

}  // namespace weir::admin
