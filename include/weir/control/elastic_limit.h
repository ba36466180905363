// ElasticLimit: find the knee from what throughput does when the limit moves; no latency baseline.
#pragma once

#include "weir/control/limit.h"
#include "weir/control/limit_math.h"

namespace weir {

/// Dimensionless but for the two times; the same values serve services of 100 µs and of 2 s.
struct ElasticLimitOptions {
  LimitRange range{1, 100'000};
  uint32_t initial = 40;
  /// Unsaturated, the limit is at least this many times the concurrency the service turns over.
  double headroom = 3.0;
  /// … but headroom is not widened while latency is above this multiple of the unsaturated one.
  double latency_rise_max = 1.4;
  /// Entering saturation with latency above this multiple, the first test goes down, else up.
  double latency_queueing = 1.5;
  double ratio_min = 1.15;  ///< two limits closer than this are not worth telling apart
  double ratio_max = 2.0;   ///< the boldest step
  /// Δ ln throughput / Δ ln limit above which more in flight is worth having.
  double elasticity_worth = 0.3;
  double confidence = 1.6;  ///< standard errors between the estimate and that threshold, to decide
  Duration test_length = std::chrono::seconds(1);  ///< steps are sized so that a test takes this
  Duration rest_max = std::chrono::seconds(4);     ///< the longest rest after a costly test
  double rest_cost = 0.01;  ///< share of throughput that tests may cost in the long run
};

/// Why: every law that compares latency with a remembered baseline must guess whether "slower"
/// means "queueing" or "a slower service", and all of them guess wrong somewhere (see
/// docs/explanation/elastic-limiter.md). Throughput cannot be fooled: below the knee it follows the
/// limit, above the knee it does not (and under contention it falls).
///
/// Formula: a test compares the throughput T at the limit in use, L, with that at a candidate C, in
/// alternating visits that let the service settle first. Elasticity e = ln(T_C/T_L) / ln(C/L), its
/// standard error s from the counts and the spread of latency. The test ends when |e − 0.3|
/// > 1.6·s. A candidate above is kept when e > 0.3, one below when e < 0.3. Kept steps grow towards
/// ×2, refused ones shrink towards the smallest ratio that about a second of samples can tell
/// apart. A refused candidate that cost throughput is not tried again until the loss has been
/// earned back.
///
/// Regimes: *open* (demand below the limit: only headroom, latency moves nothing down); *testing*;
/// *resting* between tests. When more than half of the work is lost to time-outs and cancels while
/// saturated, the limit is halved at once.
///
/// Wants a window every 10 ms. Deterministic, without randomness. Source: own work; the idea that
/// limits should follow throughput's response goes back to Heiss and Wagner (VLDB 1991).
///
/// When not to use: for services that answer fewer than about 5 requests a second, where no test
/// ever ends (the limit then stays what it is).
class ElasticLimit final : public Limit {
 public:
  explicit ElasticLimit(ElasticLimitOptions options = {}) noexcept;

  std::string_view name() const noexcept override { return "elastic"; }
  uint32_t initial() const noexcept override { return base_; }
  WindowSpec window() const noexcept override;
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  enum class Regime : uint8_t { kOpen, kTesting, kResting };

  /// What was seen at one of the two limits of a test, over all its visits.
  struct Arm {
    double finished = 0;
    double seconds = 0;
  };
  /// Elasticity between the two arms and how sure it is.
  struct Estimate {
    double log_ratio;   // ln(C/L), signed
    double elasticity;  // e
    double error;       // its standard error
  };

  void observe(const WindowStats& window) noexcept;
  void observe_unsaturated(const WindowStats& window) noexcept;
  LimitDecision update_open(const WindowStats& window) noexcept;
  LimitDecision update_test(const WindowStats& window) noexcept;
  LimitDecision conclude(const WindowStats& window, const Estimate& estimate, bool worth) noexcept;
  bool losing(const WindowStats& window) noexcept;
  bool settled(const WindowStats& window) noexcept;

  void begin_test(Instant now) noexcept;
  LimitDecision move_to(uint32_t limit, LimitCause cause, const WindowStats& window) noexcept;
  LimitDecision stay(LimitCause cause) const noexcept;
  Estimate estimate() const noexcept;
  double doubt(bool worth) const noexcept;
  double ratio_least() const noexcept;
  double visit_samples() const noexcept;

  ElasticLimitOptions options_;
  Regime regime_ = Regime::kOpen;
  uint32_t base_;       // the limit in use
  uint32_t candidate_;  // the limit it is compared with
  uint32_t limit_;      // the one of the two in force

  // Running measurements; seconds, 0 while unknown.
  double latency_ = 0;
  double latency_unsaturated_ = 0;
  double spread_ = 1;       // squared coefficient of variation of latency
  double throughput_ = 0;   // per second
  double concurrency_ = 0;  // throughput × latency, Little's law
  double saturated_s_ = 0;
  double unsaturated_s_ = 0;
  double lost_ = 0;      // dropped or ignored since the last halving
  double finished_ = 0;  // successes and failures likewise

  // The test under way.
  bool up_ = true;  // the candidate is above the base
  double ratio_;
  Arm arms_[2];  // base, candidate
  int visited_ = 0;
  double visit_finished_ = 0;
  double visit_s_ = 0;
  int refused_in_row_ = 0;
  Instant test_begin_{};
  Instant settle_until_{};
  bool draining_ = false;
  Instant up_not_before_{};
  Instant down_not_before_{};
};

}  // namespace weir
