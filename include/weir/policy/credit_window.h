// CreditWindow: the caller's side of credits. What a service would refuse is not sent to it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "weir/policy/counter_line.h"
#include "weir/policy/policy.h"

namespace weir {

/// Bounds the cost units in flight towards a service that tells, on its answers, how many more
/// it takes just now (its credits). Several callers share that number without knowing of each
/// other, so each keeps a window and moves it as TCP does (AIMD): while there are credits the
/// window grows by one each time it turns over, and at once to what is in flight and a quarter
/// of the credits, so that a burst is not held back where there is room; an answer without
/// credits, or a refusal, takes a tenth of it, at most once in `cut_every`. So the callers'
/// windows converge, within minutes, to equal shares of what the service takes, with a short
/// queue there, and it spends next to nothing on refusals. (Credits that ride on answers:
/// Breakwater, OSDI 2020. Shedding at the caller: DAGOR, SoCC 2018.)
///
/// Without a report for `expiry` there is no bound: a service that says nothing is not believed to
/// be full. When not to use it: towards services that do not report; see ClientThrottle.
///
/// Any thread. admit and complete: one addition each on a shared line. A report that races with
/// another may be lost, which delays a step by one answer.
class CreditWindow final : public Policy {
 public:
  struct Options {
    double cut_ratio = 0.1;                              ///< of the window, 0–1
    Duration cut_every = std::chrono::milliseconds(50);  ///< about a round trip under load
    Duration expiry = std::chrono::seconds(2);
    uint32_t window_max = 1'000'000;
  };

  /// `line` as in BulkheadPool.
  explicit CreditWindow(Options options, std::shared_ptr<CounterLine> line = nullptr);

  std::string_view name() const noexcept override { return "credits"; }
  Expected<Ticket, Rejection> admit(const RequestContext& context, Instant now) noexcept override;
  void complete(Ticket ticket, const Completion& completion) noexcept override;

  /// An answer told how many more units the service takes; 0 for none, and for a refusal.
  void report(uint32_t credits, Instant now) noexcept;
  /// Whether the service has reported within `expiry`.
  bool active(Instant now) const noexcept;

  uint32_t inflight() const noexcept {
    return static_cast<uint32_t>(inflight_->load(std::memory_order_relaxed));
  }
  /// Units in flight that are allowed; Options::window_max while it is not active.
  uint32_t window(Instant now) const noexcept;

 private:
  Options options_;
  std::shared_ptr<CounterLine> line_;
  CounterLine::Counter* inflight_;
  std::atomic<int64_t> reported_at_;       // nanoseconds on the time line
  std::atomic<int64_t> cut_at_;            // of the last cut
  std::atomic<uint64_t> window_milli_{0};  // in thousandths
};

}  // namespace weir
