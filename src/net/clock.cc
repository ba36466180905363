#include "net/clock.h"

#include <ctime>

namespace weir::net {

Instant SteadyClock::now() const noexcept {
  timespec reading{};
  clock_gettime(CLOCK_MONOTONIC, &reading);
  return Instant(std::chrono::seconds(reading.tv_sec) + Duration(reading.tv_nsec));
}

const SteadyClock& SteadyClock::instance() noexcept {
  static const SteadyClock clock;
  return clock;
}

}  // namespace weir::net
