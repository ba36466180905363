// Counting the frames that cost us work and the peer nothing, so that a flood ends early.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "weir/base/time.h"

namespace weir::http {

/// The floods of HTTP/2 that are told apart. Each has a budget of its own.
enum class H2Flood : uint8_t {
  kNone,
  kRapidReset,    ///< streams opened and reset at once (CVE-2023-44487)
  kForcedReset,   ///< streams that make us reset them (MadeYouReset, CVE-2025-8671)
  kRefused,       ///< streams beyond the allowed number
  kPing,          ///< each asks for an answer (CVE-2019-9512)
  kSettings,      ///< each asks for an answer (CVE-2019-9515)
  kPriority,      ///< PRIORITY frames (CVE-2019-9513)
  kWindowUpdate,  ///< WINDOW_UPDATE frames beyond what our data explains
  kEmptyData,     ///< DATA frames without a byte (CVE-2019-9518)
  kContinuation,  ///< CONTINUATION frames (CVE-2024-28182); of one head nghttp2 takes at most 8
  kOtherFrame,    ///< unknown frame types, PRIORITY_UPDATE, GOAWAY
};
inline constexpr int kH2FloodCount = 11;

/// Stable slug for logs and metrics, such as "rapid_reset".
std::string_view to_string(H2Flood flood) noexcept;

/// Budget of one kind: `burst` at once, `per_second` over time, and `per_work` more for each useful
/// thing the connection does (see H2FloodGuard::earn), never above `burst`.
struct H2FloodBudget {
  uint32_t burst = 0;
  uint32_t per_second = 0;
  uint32_t per_work = 0;
};

/// Defaults, by kind. PROXY.md asks that any flood ends within 1,000 frames. Honest peers stay far
/// below: gRPC probes bandwidth with a PING per data round trip, receivers open two windows per
/// DATA frame, browsers send about one priority frame a stream.
struct H2FloodLimits {
  std::array<H2FloodBudget, kH2FloodCount> budgets = {{
      {0, 0, 0},      // kNone
      {200, 20, 0},   // kRapidReset
      {100, 10, 0},   // kForcedReset
      {500, 100, 0},  // kRefused
      {200, 10, 1},   // kPing
      {50, 2, 0},     // kSettings
      {500, 10, 4},   // kPriority
      {800, 100, 4},  // kWindowUpdate
      {100, 10, 0},   // kEmptyData
      {64, 10, 4},    // kContinuation
      {200, 10, 1},   // kOtherFrame
  }};
  /// A stream that lived longer than this before its reset was a call that was given up, not an
  /// attack: with at most 100 streams at once, resets then cost at most 100 per 50 ms.
  Duration rapid_reset_age = std::chrono::milliseconds(50);
};

/// Token buckets, one a kind. A value of 100 bytes; not thread-safe.
class H2FloodGuard {
 public:
  H2FloodGuard(const H2FloodLimits& limits, Instant now) noexcept;

  /// Takes one token. False when there is none: the connection has to end.
  bool charge(H2Flood kind, Instant now) noexcept;

  /// One useful thing was done: a stream opened, or a DATA frame with payload sent or received.
  void earn() noexcept;

 private:
  H2FloodLimits limits_;
  std::array<double, kH2FloodCount> tokens_;
  Instant refilled_at_;
};

}  // namespace weir::http
