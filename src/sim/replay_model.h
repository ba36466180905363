// From a recording to a service that can be simulated.
#pragma once

#include <string>
#include <vector>

#include "sim/replay.h"

namespace weir::sim {

/// What the seconds of a recording say of the service. `latency` is that of work which did not meet
/// the limit: what the service takes when it is not full.
ServiceEstimate estimate_service(const std::vector<ReplaySecond>& seconds,
                                 const Histogram& latency);

/// Runs the law before that service, with the recorded demand.
WhatIf simulate_law(const std::string& law, const ServiceEstimate& service,
                    const std::vector<ReplaySecond>& seconds, uint64_t seed);

}  // namespace weir::sim
