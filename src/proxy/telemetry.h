// Telemetry: the proxy's series in the registry, resolved once so that a request only adds.
#pragma once

#include <array>
#include <string>

#include "observe/registry.h"
#include "weir/base/outcome.h"
#include "weir/policy/criticality.h"
#include "weir/policy/reason.h"

namespace weir::proxy {

/// Handles for one route and upstream. All methods: one thread a worker slot.
class Telemetry {
 public:
  Telemetry(observe::Registry& registry, std::string route, std::string upstream);

  /// An exchange that reached the upstream has ended.
  void finished(uint16_t worker, Criticality criticality, Outcome outcome, Duration total,
                Duration upstream) const noexcept;
  /// weir answered in the upstream's place without asking it, other than by a refusal.
  void answered(uint16_t worker, Criticality criticality, Outcome outcome) const noexcept;
  void refused(uint16_t worker, Criticality criticality, Reason reason) const noexcept;
  /// A refusal that --dry-run did not carry out.
  void would_refuse(uint16_t worker, Criticality criticality, Reason reason) const noexcept;
  void waited(uint16_t worker, Duration wait) const noexcept { queue_wait_.record(worker, wait); }
  /// A retry was sent, or the budget denied it.
  void retried(uint16_t worker, bool sent) const noexcept {
    (sent ? retries_sent_ : retries_denied_).add(worker);
  }

  const std::string& upstream() const noexcept { return upstream_; }
  const std::string& route() const noexcept { return route_; }

 private:
  static constexpr size_t kEndings = kOutcomeCount + 1;  // the outcomes and "rejected"
  using ByReason = std::array<std::array<observe::Counter, kReasonCount>, kCriticalityCount>;

  std::string route_;
  std::string upstream_;
  std::array<std::array<observe::Counter, kEndings>, kCriticalityCount> requests_;
  ByReason rejections_;
  ByReason shadow_rejections_;
  observe::Counter retries_sent_;
  observe::Counter retries_denied_;
  observe::DurationRecorder request_duration_;
  observe::DurationRecorder upstream_duration_;
  observe::DurationRecorder queue_wait_;
};

}  // namespace weir::proxy
