// Credits that a service grants its callers in a load report (ORCA).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weir/base/time.h"

namespace weir::bridge {

/// The number under named_metrics.weir_credits in an `endpoint-load-metrics` field of the forms
/// "TEXT named_metrics.weir_credits=12, cpu_utilization=0.4" and "JSON {"named_metrics":
/// {"weir_credits": 12}}". Nothing when there is none, it is negative or unreadable.
std::optional<uint32_t> credits_in(std::string_view load_report);

/// How many records a service said it takes from us at once. A grant holds for kValid after the
/// last report, so that a service that stops reporting is left to the limiter, and so that a grant
/// of zero is asked about again. Not thread-safe.
class CreditBound {
 public:
  static constexpr Duration kValid = std::chrono::seconds(2);

  void granted(uint32_t credits, Instant now) noexcept {
    credits_ = credits;
    until_ = now + kValid;
  }
  /// Whether one more may go beside `in_flight`.
  bool admits(uint32_t in_flight, Instant now) const noexcept {
    return now >= until_ || in_flight < credits_;
  }
  /// When it ends by itself.
  Instant until() const noexcept { return until_; }

 private:
  uint32_t credits_ = 0;
  Instant until_{};
};

}  // namespace weir::bridge
