// Permit: the right to run one piece of admitted work, and the duty to say how it ended.
#pragma once

#include <array>
#include <utility>

#include "weir/policy/policy.h"

namespace weir {

class PolicyStack;

/// Policies in one stack, at most: gate, breaker, bulkhead, limiter and room for a user's own.
inline constexpr int kPolicyMax = 8;

/// Move-only. Complete it once with the outcome; a permit that is destroyed unspent completes as
/// kIgnored, so losing one on any path cannot leak capacity. May move between threads, but is used
/// by one at a time. It must not outlive its stack (the stack asserts that).
class [[nodiscard]] Permit {
 public:
  Permit() noexcept {}  // not defaulted: Permit() would then clear the whole object first
  Permit(Permit&& other) noexcept { *this = std::move(other); }
  Permit& operator=(Permit&& other) noexcept {
    if (this == &other) return *this;
    release();
    stack_ = std::exchange(other.stack_, nullptr);
    admitted_at_ = other.admitted_at_;
    worker_ = other.worker_;
    tickets_ = other.tickets_;
    return *this;
  }
  ~Permit() { release(); }

  /// Whether this still holds capacity.
  explicit operator bool() const noexcept { return stack_ != nullptr; }

  Instant admitted_at() const noexcept { return admitted_at_; }

  /// Gives the capacity back and records how the work ended. `now` is not before admitted_at().
  /// A thread other than the one that was admitted names its own slot as `worker`, because sample
  /// counters have one writer each.
  void complete(Outcome outcome, Instant now) && noexcept;
  void complete(Outcome outcome, Instant now, uint16_t worker) && noexcept;

 private:
  friend class PolicyStack;
  void release() noexcept {
    if (stack_ != nullptr) std::move(*this).complete(Outcome::kIgnored, admitted_at_);
  }

  PolicyStack* stack_ = nullptr;
  Instant admitted_at_{};
  uint16_t worker_ = 0;
  std::array<Ticket, kPolicyMax> tickets_;  // the first policy_count() are set
};

}  // namespace weir
