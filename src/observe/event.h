// ControlEvent: one decision of the control path, told once. Metrics, logs, explain, the dashboard
// and replay all read this record, so that they cannot disagree.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "observe/ring.h"
#include "weir/base/time.h"

namespace weir::observe {

enum class EventKind : uint8_t {
  kLimitChange,        ///< before and after are requests in flight
  kBreakerTransition,  ///< before and after are states: 0 closed, 1 open, 2 half_open
  kReload,             ///< after is 1 when applied, 0 when the old configuration was kept
  kDrain,              ///< the process began to shut down
};

constexpr const char* to_string(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::kLimitChange: return "limit_change";
    case EventKind::kBreakerTransition: return "breaker_transition";
    case EventKind::kReload: return "reload";
    case EventKind::kDrain: return "drain";
  }
  return "?";
}

/// A name of at most 47 bytes, cut when longer: records must not allocate.
class ShortName {
 public:
  ShortName() noexcept = default;
  ShortName(std::string_view name) noexcept {  // implicit: names are given as strings everywhere
    size_ = static_cast<uint8_t>(std::min(name.size(), bytes_.size()));
    std::copy_n(name.data(), size_, bytes_.data());
  }
  ShortName(const char* name) noexcept : ShortName(std::string_view(name)) {}

  std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, 47> bytes_{};
  uint8_t size_ = 0;
};

/// A number that went into the decision. `name` points to static storage.
struct Figure {
  const char* name = nullptr;
  double value = 0;
};

/// A plain record. `cause` points to static storage (the to_string of an enum).
struct ControlEvent {
  static constexpr size_t kFigureMax = 8;

  EventKind kind = EventKind::kLimitChange;
  Instant at{};         ///< on the host's time line
  int64_t wall_ns = 0;  ///< nanoseconds since 1970, for people
  ShortName upstream{};
  double before = 0;
  double after = 0;
  const char* cause = "";
  std::array<Figure, kFigureMax> figures{};  ///< the used ones first; a null name ends them
};

/// The last thousand decisions of the process: at one a second and upstream, a quarter of an hour
/// of one upstream's history.
using EventRing = Ring<ControlEvent, 1024>;

}  // namespace weir::observe
