// Limiter: a bound on work in flight that a control law moves.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "weir/control/limit.h"
#include "weir/policy/counter_line.h"
#include "weir/policy/policy.h"
#include "weir/stats/sample_window.h"

namespace weir {

/// One decision of the law in short: what explanations and dashboards keep.
struct LimitMove {
  Instant at{};
  uint32_t before = 0;
  uint32_t after = 0;
  LimitCause cause = LimitCause::kHold;
  double figures[4] = {};  ///< named by Limit::figure_names
};

/// One decision of the law with everything it knew: enough to explain and to replay it.
struct LimitChange : LimitMove {
  std::string_view law;
  WindowStats window;

  bool changed() const noexcept { return before != after; }
};

/// Signals that only the host can see; they go into the next window as they are.
struct HostSignals {
  double cpu_throttled_ratio = 0;  ///< share of the time in which the cgroup was throttled, 0–1
  double pressure_ratio = 0;       ///< PSI "some" share, 0–1
  uint32_t queued = 0;             ///< waiting in admission queues now
  double cpu_used_ratio = 0;       ///< CPU time used over CPU time there is, 0–1
  /// Units of the limit that idle reserves keep from work that would take them: to a law they are
  /// used, else a limit with an idle reserve would look as if nobody ever reached it.
  uint32_t withheld = 0;
};

/// Bounds the cost units in flight by a limit that a law sets from what completions tell.
///
/// Admission is exact: the units in flight, those just admitted included, never exceed the limit in
/// force at that admission, and work is refused only when there is no room. After the limit shrank,
/// what is in flight may exceed it until enough of it has ended. A request that costs more than the
/// whole limit is charged the limit, so it runs alone rather than never.
///
/// admit and complete: any thread; one compare-and-swap and one subtraction on a shared line, the
/// rest on the worker's own lines. tick, next_tick, set_signals, last_move: one control thread.
class Limiter final : public Policy {
 public:
  struct Options {
    uint32_t limit_min = 1;     ///< ≥ 1
    uint32_t limit_max = 1000;  ///< ≥ limit_min
    uint16_t worker_count = 1;  ///< slots for samples; RequestContext::worker is below it
  };

  /// `now` is the begin of the first window.
  Limiter(std::unique_ptr<Limit> law, Options options, Instant now);

  std::string_view name() const noexcept override { return "limiter"; }
  Expected<Ticket, Rejection> admit(const RequestContext& context, Instant now) noexcept override;
  /// A latency is a sample when the work succeeded and was admitted at or after the law's
  /// LimitDecision::sample_from. Failures, drops and the ignored give none.
  void complete(Ticket ticket, const Completion& completion) noexcept override;

  /// Closes the window when the law's WindowSpec is met (its `samples_min` counts latency samples
  /// and drops), asks the law, and puts the new limit in force. Returns the record of every
  /// decision, whether it moved the limit or not; nothing when the window stays open. When the
  /// limit grew, the host should pump its gates that have waiters.
  std::optional<LimitChange> tick(Instant now) noexcept;

  /// When tick is next worth calling. Calling earlier or later is harmless.
  Instant next_tick() const noexcept { return next_tick_; }

  void set_signals(const HostSignals& signals) noexcept { signals_ = signals; }

  // Readable from any thread.
  uint32_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  uint32_t inflight() const noexcept {
    return static_cast<uint32_t>(inflight_->load(std::memory_order_relaxed));
  }
  const Limit& law() const noexcept { return *law_; }
  const Options& options() const noexcept { return options_; }

  /// Where the work in flight is counted; for the bulkheads of the same stack.
  const std::shared_ptr<CounterLine>& line() const noexcept { return line_; }

  /// The last decision that moved the limit; `at` is the start while there was none.
  const LimitMove& last_move() const noexcept { return last_move_; }

 private:
  uint32_t clamp(uint32_t limit) const noexcept;
  void record(const Completion& completion) noexcept;
  WindowStats close_window(Instant now) noexcept;
  Rejection refusal(uint32_t inflight, uint32_t limit) const noexcept;

  // Read by every request, written by the control thread some ten times a second.
  std::atomic<uint32_t> limit_;
  std::atomic<int64_t> sample_from_;     // nanoseconds on the time line
  std::atomic<int64_t> retry_after_{0};  // nanoseconds; mean latency of the last window
  SampleWindow samples_;

  // The control thread's own.
  std::unique_ptr<Limit> law_;
  Options options_;
  Instant window_begin_;
  Instant next_tick_;
  HostSignals signals_;
  LimitMove last_move_;

  // Written by every request of every worker.
  std::shared_ptr<CounterLine> line_;
  CounterLine::Counter* inflight_;
};

}  // namespace weir
