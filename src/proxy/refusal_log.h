// RefusalLog: tells about refusals without adding to the overload that caused them.
#pragma once

#include <array>

#include "observe/log.h"
#include "observe/sampler.h"
#include "proxy/answer.h"
#include "weir/policy/criticality.h"
#include "weir/policy/reason.h"

namespace weir::proxy {

/// At most one line a second for each reason, with the number of refusals that it stands for. One
/// for each worker; not thread-safe. A null log is told nothing.
class RefusalLog {
 public:
  RefusalLog(observe::Log* log, std::string_view upstream) noexcept
      : log_(log), upstream_(upstream) {}

  void refused(const Rejection& rejection, const Answer& answer, Criticality criticality,
               std::string_view request_id, Instant now) noexcept;
  /// The refusal that --dry-run did not carry out.
  void would_refuse(const Rejection& rejection, std::string_view policy, Criticality criticality,
                    Instant now) noexcept;
  /// About once a second: tells the end of bursts that no further line followed.
  void beat(Instant now) noexcept;

 private:
  observe::Log* log_;
  std::string_view upstream_;
  std::array<observe::Sampler, kReasonCount> samplers_;
};

}  // namespace weir::proxy
