// What tests of the engine share: virtual time, a law that follows a script, requests in one line.
#pragma once

#include <chrono>
#include <deque>
#include <memory>

#include "weir/control/limit.h"
#include "weir/policy/limiter.h"
#include "weir/policy/policy_stack.h"

namespace weir::test {

using namespace std::chrono_literals;  // tests only

constexpr Instant at(Duration since_start) noexcept {
  return Instant{} + 1000s + since_start;
}

/// Starts at `initial`, answers each window with the next decision of the script, then holds.
class ScriptedLimit final : public Limit {
 public:
  explicit ScriptedLimit(uint32_t initial, std::deque<LimitDecision> script = {})
      : initial_(initial), script_(std::move(script)) {}

  std::string_view name() const noexcept override { return "scripted"; }
  uint32_t initial() const noexcept override { return initial_; }
  WindowSpec window() const noexcept override { return spec; }
  LimitDecision update(const WindowStats& window, Instant) noexcept override {
    LimitDecision decision;
    decision.limit = window.limit;
    if (script_.empty()) return decision;
    decision = script_.front();
    script_.pop_front();
    return decision;
  }
  const FigureNames& figure_names() const noexcept override { return names_; }

  WindowSpec spec{100ms, 10, 1s};

 private:
  uint32_t initial_;
  std::deque<LimitDecision> script_;
  FigureNames names_{};
};

inline std::shared_ptr<Limiter> fixed_limiter(uint32_t limit, uint16_t workers = 1) {
  Limiter::Options options;
  options.limit_max = 1'000'000;
  options.worker_count = workers;
  return std::make_shared<Limiter>(std::make_unique<ScriptedLimit>(limit), options, at(0s));
}

inline RequestContext request(Criticality criticality = Criticality::kCritical, uint32_t cost = 1) {
  RequestContext context;
  context.criticality = criticality;
  context.cost = cost;
  return context;
}

}  // namespace weir::test
