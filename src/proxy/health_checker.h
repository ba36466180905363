// HealthChecker: asks each endpoint of an upstream now and then how it is.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "net/event_loop.h"
#include "net/socket.h"
#include "observe/log.h"
#include "proxy/cluster.h"
#include "proxy/health_state.h"

namespace weir::proxy {

/// GET of HealthOptions::path on a connection of its own; 2xx passes. An endpoint that speaks
/// HTTP/2 only is asked for a connection and nothing more. Lives on one loop. `log` may be null.
class HealthChecker {
 public:
  /// The cluster must have HealthOptions, and outlive this.
  HealthChecker(net::EventLoop& loop, const Cluster& cluster, observe::Log* log);
  ~HealthChecker();

 private:
  class Probe;

  std::vector<std::unique_ptr<Probe>> probes_;  // one an endpoint
};

}  // namespace weir::proxy
