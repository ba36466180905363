// Outcome: how a piece of admitted work ended, as far as control is concerned.
#pragma once

#include <cstdint>

namespace weir {

/// What a Permit is completed with. The four cases are the whole vocabulary; every policy handles
/// each.
enum class Outcome : uint8_t {
  kSuccess,  ///< finished; its latency is a sample
  kFailure,  ///< finished with an error of the service's own; no latency sample
  kDropped,  ///< the service or a time-out said "overload"
  kIgnored,  ///< tells nothing about the service: caller gone, permit lost, refused further in
};

inline constexpr int kOutcomeCount = 4;

constexpr const char* to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::kSuccess: return "success";
    case Outcome::kFailure: return "failure";
    case Outcome::kDropped: return "dropped";
    case Outcome::kIgnored: return "ignored";
  }
  return "?";
}

}  // namespace weir
