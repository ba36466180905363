// Operator: what a person may change in a running host. The admin address calls it; the host does
// it and says what it was before.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/base/expected.h"
#include "weir/base/time.h"

namespace weir::observe {

/// One thing that was changed, for the confirmation and the audit line.
struct Change {
  std::string what;
  std::string before;
  std::string after;
};

/// Called from the admin thread; implementations hand over to their own threads. Errors are
/// kUsage (there is no such thing, the value is out of its range) with the next step as remedy.
class Operator {
 public:
  virtual ~Operator() = default;

  /// Names that set() takes for an upstream, such as "limit_max".
  virtual std::vector<std::string> settable() const = 0;
  virtual Expected<Change> set(std::string_view upstream, std::string_view name,
                               std::string_view value) = 0;
  /// Opens the breaker for a time, or closes it.
  virtual Expected<Change> open_breaker(std::string_view upstream, Duration cooldown) = 0;
  virtual Expected<Change> close_breaker(std::string_view upstream) = 0;
  /// Begins an orderly end of the process, as SIGTERM does.
  virtual Expected<Change> drain() = 0;
};

}  // namespace weir::observe
