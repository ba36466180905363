// Clock: where hosts read the time. The engine below never sees one.
#pragma once

#include "weir/base/time.h"

namespace weir::net {

/// A source of instants. Implementations are safe to read from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const noexcept = 0;
};

/// CLOCK_MONOTONIC, about 25 ns a reading through the vDSO.
class SteadyClock final : public Clock {
 public:
  Instant now() const noexcept override;

  /// The one instance that everybody shares; it has no state.
  static const SteadyClock& instance() noexcept;
};

}  // namespace weir::net
