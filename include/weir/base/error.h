// Error: an environment failure, told so that the reader knows what to do next.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace weir {

/// What kind of failure it is; decides the process exit code and whether trying again can help.
enum class ErrorKind : uint8_t {
  kUsage,        ///< the caller's arguments are wrong (exit 64)
  kUnavailable,  ///< an address, file or peer cannot be had now (exit 69)
  kConfig,       ///< a configuration or scenario file is wrong (exit 78)
  kInternal,     ///< anything else (exit 70)
};

/// A failure of the environment: never used for refusals (see Rejection) nor for bugs (see
/// WEIR_ASSERT). `message` is one sentence; `remedy`, if any, is the next step to take.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  std::string remedy;
};

/// The process exit code for an error: 64 usage, 69 unavailable, 70 internal, 78 configuration.
constexpr int exit_code(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::kUsage: return 64;
    case ErrorKind::kUnavailable: return 69;
    case ErrorKind::kConfig: return 78;
    case ErrorKind::kInternal: return 70;
  }
  return 70;
}

}  // namespace weir
