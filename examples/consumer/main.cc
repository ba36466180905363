// The smallest host: one policy of its own in a PolicyStack, asked for three pieces of work. The
// time is a number that the host passes in; a real host reads its clock once per event and passes
// that.
#include <atomic>
#include <cstdio>
#include <memory>
#include <vector>

#include "weir/policy/policy_stack.h"

namespace {

/// Lets two through at a time. Shows what a policy must do: take on admit, give back on complete,
/// without a lock.
class TwoAtATime final : public weir::Policy {
 public:
  std::string_view name() const noexcept override { return "two-at-a-time"; }

  weir::Expected<weir::Ticket, weir::Rejection> admit(const weir::RequestContext&,
                                                      weir::Instant) noexcept override {
    const uint32_t before = inflight_.fetch_add(1, std::memory_order_relaxed);
    if (before < kLimit) return weir::Ticket{.units = 1};
    inflight_.fetch_sub(1, std::memory_order_relaxed);
    return weir::Unexpected<weir::Rejection>(
        {.reason = weir::Reason::kConcurrencyLimit, .value = before, .bound = kLimit});
  }

  void complete(weir::Ticket, const weir::Completion&) noexcept override {
    inflight_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  static constexpr uint32_t kLimit = 2;
  std::atomic<uint32_t> inflight_{0};
};

}  // namespace

int main() {
  weir::PolicyStack stack({std::make_shared<TwoAtATime>()});
  std::vector<weir::Permit> permits;
  for (int i = 1; i <= 3; ++i) {
    auto admitted = stack.admit(weir::RequestContext{}, weir::Instant{});
    if (admitted) {
      std::printf("%d: admitted\n", i);
      permits.push_back(std::move(*admitted));
    } else {
      const weir::Rejection& refusal = admitted.error();
      std::printf("%d: refused, %s: %u of %u\n", i, to_string(refusal.reason), refusal.value,
                  refusal.bound);
    }
  }
  const auto later = weir::Instant{} + std::chrono::milliseconds(5);
  for (weir::Permit& permit : permits) std::move(permit).complete(weir::Outcome::kSuccess, later);
  std::printf("outstanding: %lld\n", static_cast<long long>(stack.outstanding()));
}
