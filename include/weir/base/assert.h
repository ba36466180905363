// WEIR_ASSERT: the one answer to a programmer's error. On in every build: a broken invariant in an
// admission engine that goes on running is worse than a restart.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace weir::detail {

[[noreturn]] inline void assertion_failed(const char* condition, const char* file,
                                          int line) noexcept {
  std::fprintf(stderr, "weir: assertion failed: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace weir::detail

#define WEIR_ASSERT(condition)        \
  (__builtin_expect(!!(condition), 1) \
       ? static_cast<void>(0)         \
       : ::weir::detail::assertion_failed(#condition, __FILE__, __LINE__))
