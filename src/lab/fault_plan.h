// What goes wrong with the lab's service, and when.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "weir/base/expected.h"
#include "weir/base/time.h"

namespace weir::lab {

/// The state of a service at one moment.
struct Health {
  double slow_factor = 1;     ///< multiplies every service time
  double failure_ratio = 0;   ///< share of requests that end in a 500, 0–1
  uint32_t workers_lost = 0;  ///< workers that take no new work

  friend bool operator==(const Health&, const Health&) = default;
};

/// A schedule of faults, by the time since the service started. Overlapping slow factors multiply,
/// failure shares and lost workers add up (shares to 1 at most). A value type.
class FaultPlan {
 public:
  static constexpr size_t kFaultsMax = 64;  // a schedule written by hand; keeps at() cheap

  /// "10x@20s..40s"; without a second time it lasts to the end: "10x@20s".
  Expected<void> add_slow(std::string_view text);
  /// "50%@20s..40s".
  Expected<void> add_fail(std::string_view text);
  /// "6@20s..40s": so many workers lost.
  Expected<void> add_lost(std::string_view text);

  Health at(Duration since_start) const;

  /// The next time after `since_start` at which at() may change; Duration::max() if none.
  Duration next_change(Duration since_start) const;

 private:
  struct Fault {
    Health effect;
    Duration from{};
    Duration to = Duration::max();
  };

  Expected<void> add(std::string_view text, Expected<Health> (*effect)(std::string_view));

  std::vector<Fault> faults_;
};

}  // namespace weir::lab
