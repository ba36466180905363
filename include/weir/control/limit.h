// Limit: a control law. A window of measurements in, a concurrency limit out; pure arithmetic.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "weir/base/time.h"
#include "weir/stats/window_stats.h"

namespace weir {

/// When the host should close a window and call Limit::update: as soon as it is at least
/// `duration_min` long and holds `samples_min` completions, and at the latest after `duration_max`.
struct WindowSpec {
  Duration duration_min;
  uint64_t samples_min;
  Duration duration_max;
};

/// Why a law moved, or did not. One vocabulary for all laws, so that explain, metrics and replay
/// can read any of them.
enum class LimitCause : uint8_t {
  kHold,            ///< nothing learned, or nothing to change
  kNotSaturated,    ///< demand does not reach the limit; it is only headroom
  kGrow,            ///< more in flight gave more throughput, or latency is at its baseline
  kShrink,          ///< more in flight gave only latency
  kJump,            ///< set at once from Little's law
  kProbe,           ///< an excursion to learn something; a later decision undoes or keeps it
  kProbeEnd,        ///< back from the excursion
  kDrops,           ///< time-outs or overload answers from the service
  kLatencyCeiling,  ///< latency far above the unsaturated one: cut first, ask later
  kHostPressure,    ///< CPU use, CPU throttling or PSI
};

const char* to_string(LimitCause cause) noexcept;

/// A law's answer to one window. `figures` are the law's own key numbers (for example baseline and
/// gradient), named by Limit::figure_names, for the explanation of the change.
struct LimitDecision {
  uint32_t limit = 1;
  LimitCause cause = LimitCause::kHold;
  /// Latency of work admitted before this instant says nothing about the new limit; it is left out
  /// of the next windows. Instant{} keeps everything.
  Instant sample_from{};
  double figures[4] = {};
};

/// Names of LimitDecision::figures, in their order.
using FigureNames = std::array<std::string_view, 4>;

/// A control law. Deterministic: the same windows give the same limits (laws that need randomness
/// get an Rng in their options). Called by one thread at a time; never blocks, never throws,
/// allocates only in its constructor. A law must return a limit of at least 1; the Limiter clamps
/// it to its own bounds.
class Limit {
 public:
  virtual ~Limit() = default;

  /// The law's name as users write it in a configuration, for example "gradient2".
  virtual std::string_view name() const noexcept = 0;

  /// The limit before the first window.
  virtual uint32_t initial() const noexcept = 0;

  /// How the law wants to be fed; read again after each update, so a law may vary it.
  virtual WindowSpec window() const noexcept = 0;

  /// One window in, the next limit out. `now` is the window's end.
  virtual LimitDecision update(const WindowStats& window, Instant now) noexcept = 0;

  /// What LimitDecision::figures hold; empty names are unused.
  virtual const FigureNames& figure_names() const noexcept = 0;
};

}  // namespace weir
