// Criticality: who is shed first. Google's four classes (SRE book, ch. 21).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

/// Smaller is more important.
enum class Criticality : uint8_t {
  kCriticalPlus,   ///< user-visible and serious when it fails
  kCritical,       ///< the default for what users wait for
  kSheddablePlus,  ///< batch that can be retried in minutes
  kSheddable,      ///< may fail now and then, and be retried in hours
};

inline constexpr int kCriticalityCount = 4;

constexpr const char* to_string(Criticality criticality) noexcept {
  switch (criticality) {
    case Criticality::kCriticalPlus: return "CRITICAL_PLUS";
    case Criticality::kCritical: return "CRITICAL";
    case Criticality::kSheddablePlus: return "SHEDDABLE_PLUS";
    case Criticality::kSheddable: return "SHEDDABLE";
  }
  return "?";
}

/// The reverse of to_string; exact spelling only.
constexpr std::optional<Criticality> criticality_from(std::string_view name) noexcept {
  for (int i = 0; i < kCriticalityCount; ++i) {
    const auto candidate = static_cast<Criticality>(i);
    if (name == to_string(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace weir
