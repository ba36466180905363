// The smallest host: a policy of its own and an adaptive limiter in one PolicyStack, asked for four
// pieces of work. Time is a number that the host passes in; a real host reads its clock once per
// event and passes that.
#include <cstdio>
#include <memory>
#include <vector>

#include "weir/control/registry.h"
#include "weir/policy/limiter.h"
#include "weir/policy/policy_stack.h"

namespace {

/// Refuses single pieces of work that would take a tenth of the service. Shows what a policy must
/// do: answer at once, without a lock; it takes nothing, so it has nothing to give back.
class NoHugeWork final : public weir::Policy {
 public:
  std::string_view name() const noexcept override { return "no-huge-work"; }

  weir::Expected<weir::Ticket, weir::Rejection> admit(const weir::RequestContext& context,
                                                      weir::Instant) noexcept override {
    if (context.cost <= kCostMax) return weir::Ticket{};
    weir::Rejection rejection;
    rejection.reason = weir::Reason::kQuota;
    rejection.value = context.cost;
    rejection.bound = kCostMax;
    return weir::Unexpected<weir::Rejection>(rejection);
  }

  void complete(weir::Ticket, const weir::Completion&) noexcept override {}

 private:
  static constexpr uint32_t kCostMax = 10;
};

}  // namespace

int main() {
  weir::Instant now{};
  weir::Limiter::Options bounds;
  bounds.limit_max = 2;
  auto limiter = std::make_shared<weir::Limiter>(weir::make_limit("elastic", 1), bounds, now);
  weir::PolicyStack stack({std::make_shared<NoHugeWork>(), limiter});

  std::vector<weir::Permit> permits;
  for (const uint32_t cost : {1, 100, 1, 1}) {
    weir::RequestContext context;
    context.cost = cost;
    auto admitted = stack.admit(context, now);
    if (admitted) {
      std::printf("cost %u: admitted\n", cost);
      permits.push_back(std::move(*admitted));
    } else {
      const weir::Rejection& refusal = admitted.error();
      std::printf("cost %u: refused by %s, %s: %u of %u\n", cost,
                  stack.policy(refusal.policy_index).name().data(), to_string(refusal.reason),
                  refusal.value, refusal.bound);
    }
  }

  now += std::chrono::milliseconds(20);
  for (weir::Permit& permit : permits) std::move(permit).complete(weir::Outcome::kSuccess, now);
  limiter->tick(limiter->next_tick());  // a host does this about ten times a second
  std::printf("outstanding: %lld\n", static_cast<long long>(stack.outstanding()));
}
