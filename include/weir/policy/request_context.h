// RequestContext: what a policy may know about a piece of work before it starts.
#pragma once

#include <cstdint>

#include "weir/base/deadline.h"
#include "weir/policy/criticality.h"

namespace weir {

/// Threads that record samples at the same time, at most. 64 covers the largest machine a sidecar
/// is given; more threads share slots, which loses samples now and then but never capacity.
inline constexpr uint16_t kWorkerMax = 64;

/// Filled by the host from the wire, then constant while the request lives. A plain value.
struct RequestContext {
  uint32_t route = 0;   ///< index of the route, 0 when there is one only
  uint32_t tenant = 0;  ///< stable hash of the tenant, 0 when unknown
  Criticality criticality = Criticality::kCritical;
  uint8_t cohort =
      0;  ///< 0–127, stable hash of the caller: which users are shed first is no accident
  uint16_t worker = 0;  ///< the calling thread's slot, below kWorkerMax; one thread a slot
  uint32_t cost = 1;    ///< in units of an ordinary request, at least 1
  Deadline deadline;
  bool waiting = false;  ///< asked again from an AdmissionQueue: not new demand (set by the queue)
};

}  // namespace weir
