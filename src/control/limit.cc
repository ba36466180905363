#include "weir/control/limit.h"

namespace weir {

const char* to_string(LimitCause cause) noexcept {
  switch (cause) {
    case LimitCause::kHold: return "hold";
    case LimitCause::kNotSaturated: return "not_saturated";
    case LimitCause::kGrow: return "grow";
    case LimitCause::kShrink: return "shrink";
    case LimitCause::kJump: return "jump";
    case LimitCause::kProbe: return "probe";
    case LimitCause::kProbeEnd: return "probe_end";
    case LimitCause::kDrops: return "drops";
    case LimitCause::kLatencyCeiling: return "latency_ceiling";
    case LimitCause::kHostPressure: return "host_pressure";
  }
  return "?";
}

}  // namespace weir
