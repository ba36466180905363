// GatePeer: a published scheme that decides who may pass at the door instead of by a limit on
// work in flight, as a policy of the simulator.
#pragma once

#include "weir/policy/policy.h"

namespace weir::sim {

/// Fed by the World with what such schemes measure inside the service they are built into.
class GatePeer : public Policy {
 public:
  /// A worker took up a request that has waited for so long inside the service.
  virtual void observe_wait(Duration wait, Instant now) noexcept = 0;
};

}  // namespace weir::sim
