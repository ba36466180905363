// ElasticLimit: find the knee from what throughput does when the limit moves; no latency baseline.
#pragma once

#include <array>

#include "weir/control/limit.h"
#include "weir/control/limit_math.h"
#include "weir/control/response_memory.h"

namespace weir {

/// Dimensionless but for the times; the same values serve services of 100 µs and of 2 s.
struct ElasticLimitOptions {
  LimitRange range{1, 100'000};
  uint32_t initial = 32;
  /// Unsaturated, the limit is at least this many times the concurrency the service turns over.
  double headroom = 3.0;
  /// … but headroom is not widened while latency is above this multiple of the unsaturated one.
  double latency_rise_max = 1.4;
  /// Entering saturation with latency above this multiple, the first test goes down, else up.
  double latency_queueing = 1.5;
  double ratio_min = 1.15;  ///< two limits closer than this are not worth telling apart
  double ratio_max = 2.0;   ///< the boldest step, and the step of a scout
  /// Δ ln throughput / Δ ln limit above which more in flight is worth having.
  double elasticity_worth = 0.3;
  double confidence = 1.6;        ///< standard errors between estimate and threshold, to decide
  double scout_confidence = 2.2;  ///< the same for a scout, which throws away what is known
  double surprise = 3.5;          ///< standard errors at which memory and measurement contradict
  double rest_cost = 0.01;        ///< share of throughput that tests may cost in the long run
  Duration test_length = std::chrono::seconds(1);  ///< steps are sized so that a test takes this
  Duration rest_max = std::chrono::seconds(4);     ///< the longest rest after a costly test
  Duration scout_interval = std::chrono::milliseconds(1500);
  Duration scout_interval_max = std::chrono::seconds(20);  ///< where scouting costs throughput
  ResponseMemory::Options memory;
};

/// Why: every law that compares latency with a remembered baseline must guess whether "slower"
/// means "queueing" or "a slower service", and all of them guess wrong somewhere (see
/// docs/explanation/elastic-limiter.md). Throughput cannot be fooled: below the knee it follows the
/// limit, above the knee it does not, and under contention it falls.
///
/// Formula: a test compares the throughput T at the limit in use, L, with that at a candidate C.
/// Elasticity e = ln(T_C/T_L) / ln(C/L), its standard error s from the counts and their measured
/// dispersion. What was learned at a limit is remembered and fades over seconds, so repeated tests
/// get sharper. A candidate above is kept when e > 0.3 by 1.6·s, one below when e < 0.3 likewise.
/// Steps grow towards ×2 while they succeed and shrink, refused, towards the smallest ratio that
/// about a second of samples can tell apart. A refused candidate that cost throughput is not tried
/// again until the loss has been earned back.
///
/// Regimes: *open*, demand below the limit: only headroom, latency moves nothing down. *testing*
/// and *resting* between tests, under saturation. A *scout* looks at 2·L every 1.5 s, comparing
/// fresh counts only: it notices capacity that came back. When a measurement contradicts the
/// memory, all of it is forgotten and the search is bold again. When more than half of the work is
/// lost to time-outs and cancels while saturated, the limit is halved at once.
///
/// Wants a window every 10 ms. Deterministic, without randomness. Source: own work; that a limit
/// should follow throughput's response goes back to Heiss and Wagner (VLDB 1991).
///
/// When not to use: for services that answer fewer than about 5 requests a second, where no test
/// ever ends (the limit then stays what it is).
class ElasticLimit final : public Limit {
 public:
  explicit ElasticLimit(ElasticLimitOptions options = {}) noexcept;

  std::string_view name() const noexcept override { return "elastic"; }
  uint32_t initial() const noexcept override { return limit_; }
  WindowSpec window() const noexcept override;
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  enum class Regime : uint8_t { kOpen, kTesting, kScouting, kResting };

  /// Elasticity between base and candidate and how sure it is.
  struct Estimate {
    double log_ratio = 0;   ///< ln(C/L), signed
    double change = 0;      ///< ln(T_C/T_L)
    double elasticity = 0;  ///< e
    double error = 0;       ///< its standard error
  };

  void observe(const WindowStats& window) noexcept;
  void observe_unsaturated(const WindowStats& window) noexcept;
  bool losing(const WindowStats& window) noexcept;
  bool settled(const WindowStats& window) noexcept;

  LimitDecision update_open(const WindowStats& window) noexcept;
  LimitDecision update_saturated(const WindowStats& window) noexcept;
  LimitDecision update_resting(const WindowStats& window) noexcept;
  LimitDecision update_testing(const WindowStats& window) noexcept;
  LimitDecision update_scouting(const WindowStats& window) noexcept;
  LimitDecision accept(const WindowStats& window) noexcept;
  LimitDecision refuse(const WindowStats& window, const Estimate& estimate, bool decided) noexcept;

  void restart(bool up) noexcept;
  void choose_candidate(Instant now) noexcept;
  bool remember_visit(Instant now) noexcept;
  LimitDecision visit(bool candidate, LimitCause cause, const WindowStats& window) noexcept;
  LimitDecision stay(LimitCause cause) const noexcept;
  Estimate estimate(const ResponseMemory::Sample& base,
                    const ResponseMemory::Sample& candidate) const noexcept;
  double error_scale() const noexcept;
  double ratio_least() const noexcept;

  ElasticLimitOptions options_;
  Regime regime_ = Regime::kOpen;
  uint32_t base_;       // the limit in use
  uint32_t candidate_;  // the limit it is compared with
  uint32_t limit_;      // the one of the two in force
  ResponseMemory memory_;

  // Running measurements; seconds, 0 while unknown.
  double latency_ = 0;
  double latency_unsaturated_ = 0;
  double dispersion_ = 1;   // variance over mean of the counts in a slice; 1 for Poisson
  double throughput_ = 0;   // per second
  double concurrency_ = 0;  // throughput × latency, Little's law
  double saturated_s_ = 0;
  double unsaturated_s_ = 0;
  double lost_ = 0;      // dropped or ignored since the last look
  double finished_ = 0;  // successes and failures likewise

  // The search.
  bool up_ = true;    // the next candidate is above the base
  bool bold_ = true;  // nothing is known yet: decide on little, step far
  double ratio_;      // of the next candidate to the base
  int accepted_in_row_ = 0;
  int refused_in_row_ = 0;
  Instant up_not_before_{};
  Instant down_not_before_{};
  Instant scout_not_before_{};

  // The visit under way: what was finished at limit_ since it settled.
  ResponseMemory::Sample visit_;
  ResponseMemory::Sample scout_base_;  // fresh counts of the scouting test
  ResponseMemory::Sample scout_candidate_;
  Instant test_begin_{};
  Instant settle_until_{};
  bool draining_ = false;
  Estimate last_estimate_;
};

}  // namespace weir
