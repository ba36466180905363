// Health of endpoints by active checks: the rule, and what the workers see of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "proxy/upstream_options.h"

namespace weir::proxy {

/// Turns the results of checks into a verdict: a few in a row of one kind. Begins healthy, so that
/// a start does not wait for the first checks. A value; not thread-safe.
class HealthState {
 public:
  bool healthy() const noexcept { return healthy_; }

  /// One check; true when the verdict changed.
  bool observe(bool passed, const HealthOptions& options) noexcept {
    if (passed == healthy_) {
      row_ = 0;
      return false;
    }
    const uint32_t needed = healthy_ ? options.unhealthy_after : options.healthy_after;
    if (++row_ < needed) return false;
    healthy_ = passed;
    row_ = 0;
    return true;
  }

 private:
  bool healthy_ = true;
  uint32_t row_ = 0;  // results against the verdict
};

/// The verdicts of one upstream's endpoints. set: the checker's thread; the rest: any thread.
class HealthBoard {
 public:
  explicit HealthBoard(size_t endpoints)
      : size_(endpoints), ill_(std::make_unique<std::atomic<bool>[]>(endpoints)) {}

  void set(size_t endpoint, bool healthy) noexcept {
    ill_[endpoint].store(!healthy, std::memory_order_relaxed);
    version_.fetch_add(1, std::memory_order_release);
  }
  bool healthy(size_t endpoint) const noexcept {
    return !ill_[endpoint].load(std::memory_order_relaxed);
  }
  /// Changes with every verdict: who remembers it need not look at the endpoints.
  uint32_t version() const noexcept { return version_.load(std::memory_order_acquire); }
  size_t size() const noexcept { return size_; }
  uint32_t ill_count() const noexcept {
    uint32_t count = 0;
    for (size_t i = 0; i < size_; ++i) count += healthy(i) ? 0 : 1;
    return count;
  }

 private:
  size_t size_;
  std::unique_ptr<std::atomic<bool>[]> ill_;
  std::atomic<uint32_t> version_{0};
};

}  // namespace weir::proxy
