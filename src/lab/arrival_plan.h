// When requests are meant to be sent: an open-loop plan that does not wait for answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "weir/base/expected.h"
#include "weir/base/rng.h"
#include "weir/base/time.h"

namespace weir::lab {

/// One stretch of constant rate.
struct Phase {
  Duration length{};
  double rate = 0;  ///< requests a second
};

/// "10s@400/s", or "10s@0.7x" as a multiple of `capacity` (requests a second; 0 if unknown, which
/// makes a multiple an error).
Expected<Phase> parse_phase(std::string_view text, double capacity);

enum class Arrivals : uint8_t {
  kPoisson,   ///< independent clients: exponential gaps
  kConstant,  ///< a metronome: easier to read, kinder than life
};

/// The intended send times, in order, as offsets from the start. Poisson across phases is exact:
/// a unit-rate process is stretched by the inverse of the cumulated rate.
class ArrivalPlan {
 public:
  ArrivalPlan(std::vector<Phase> phases, Arrivals kind, Rng rng);

  /// The next intended time; nothing once the phases are over.
  std::optional<Duration> next();

  Duration length() const { return length_; }
  /// Requests the plan holds on average.
  double expected_count() const;
  const std::vector<Phase>& phases() const { return phases_; }

 private:
  std::vector<Phase> phases_;
  Arrivals kind_;
  Rng rng_;
  Duration length_{};
  size_t phase_ = 0;
  Duration phase_begin_{};
  double into_phase_ = 0;  // seconds
};

}  // namespace weir::lab
