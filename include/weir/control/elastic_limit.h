// ElasticLimit: find the knee from what throughput does when the limit moves; no latency baseline.
#pragma once

#include <optional>

#include "weir/control/knee_belief.h"
#include "weir/control/limit.h"
#include "weir/control/limit_math.h"

namespace weir {

/// Dimensionless but for the times; the same values serve services of 100 µs and of 2 s.
struct ElasticLimitOptions {
  LimitRange range{1, 100'000};
  uint32_t initial = 32;
  /// Unsaturated, the limit is at least this many times the concurrency the service turns over.
  double headroom = 3.0;
  /// … but headroom is not widened while latency is above this multiple of the unsaturated one.
  double latency_rise_max = 1.4;
  /// Entering saturation with latency above this multiple, the search starts downwards.
  double latency_queueing = 2.5;
  double search_ratio = 2.0;  ///< step of the search
  double cold_ratio = 4.0;    ///< step upwards when the first load ever saturates
  /// Elasticity Δ ln throughput / Δ ln limit at which the limit settles: a step up must bring at
  /// least this share of itself in throughput. 0 would follow throughput to its flat top, at any
  /// latency.
  double elasticity_worth = 0.3;
  double confidence = 2.0;  ///< standard errors that decide a search step
  double span_min = 0.08;   ///< ln of the ratio between the two limits of a comparison, at least
  double span_max = 0.5;    ///< … and at most
  double peek_ratio = 1.5;  ///< now and then a visit this far above the high limit
  double cost_max = 0.006;  ///< share of throughput that comparing may cost in the long run
};

/// Why: every law that compares latency with a remembered baseline must guess whether "slower"
/// means "queueing" or "a slower service", and all of them guess wrong somewhere (see
/// docs/explanation/elastic-limiter.md). Throughput cannot be fooled: below the knee it follows the
/// limit, above the knee it does not (and under contention it falls).
///
/// Formula: throughput is compared at two limits, high H and low D, in alternating visits, each
/// after the service has settled. By Little's law the knee is K = T_H · R_D = D · T_H/T_D: what the
/// service does when full, times its latency when it is not, both of this very moment. What the
/// comparisons say of ln K, with the counting error of the visits, is gathered in a KneeBelief.
/// With its 0.7-quantile k and λ = 2.5 of its standard deviations, H = k·e^(0.7λ) and D =
/// k·e^(−0.3λ); the fixed point has the elasticity ln(T_H/T_D)/λ = 0.3, on smooth curves too. Low
/// visits are as rare as keeps their cost below 0.6 % of throughput.
///
/// Regimes: *open* (demand below the limit: only headroom; latency moves nothing down); *search*
/// (doubling or halving until throughput stops, or starts, to respond); *track* (the comparison
/// above, with peeks at 1.5·H now and then, and seldom a deep low visit). When throughput at H
/// leaves what was seen there, the search begins anew. When more than half of the work is lost to
/// time-outs and cancels while saturated, the limit is halved at once.
///
/// Wants a window every 10 ms. Deterministic, without randomness. Source: own work; that limits
/// should follow throughput's response goes back to Heiss and Wagner (VLDB 1991).
///
/// When not to use: for services that answer fewer than about 5 requests a second, where no
/// comparison ever ends (the limit then stays what it is).
class ElasticLimit final : public Limit {
 public:
  explicit ElasticLimit(ElasticLimitOptions options = {}) noexcept;

  std::string_view name() const noexcept override { return "elastic"; }
  uint32_t initial() const noexcept override { return limit_; }
  WindowSpec window() const noexcept override;
  LimitDecision update(const WindowStats& window, Instant now) noexcept override;
  const FigureNames& figure_names() const noexcept override;

 private:
  enum class Regime : uint8_t { kOpen, kSearch, kTrack };
  enum class Visit : uint8_t { kHigh, kLow, kPeek };

  /// What was seen at one limit, over the settled part of its visits.
  struct Arm {
    uint32_t limit = 0;
    double finished = 0;
    double seconds = 0;

    double rate() const noexcept { return std::max(finished, 0.5) / std::max(seconds, 1e-9); }
  };

  void observe(const WindowStats& window) noexcept;
  void observe_unsaturated(const WindowStats& window) noexcept;
  bool losing(const WindowStats& window) noexcept;
  bool settled(const WindowStats& window) noexcept;
  void add(Arm& arm, const WindowStats& window) const noexcept;

  LimitDecision update_open(const WindowStats& window) noexcept;
  LimitDecision open_again() noexcept;

  void begin_search(bool up) noexcept;
  LimitDecision update_search(const WindowStats& window) noexcept;
  LimitDecision conclude_step(const WindowStats& window, double elasticity, bool clear) noexcept;
  LimitDecision aim_search(const WindowStats& window) noexcept;

  LimitDecision begin_track(double knee, double error, const WindowStats& window) noexcept;
  LimitDecision update_track(const WindowStats& window) noexcept;
  void learn() noexcept;
  std::optional<bool> peek_verdict() noexcept;
  bool left_its_place() noexcept;
  LimitDecision aim_track(const WindowStats& window) noexcept;
  double share_above() const noexcept;
  double careful(double ratio, int streak = 0) const noexcept;
  bool goes_wrong(const Arm& arm) const noexcept;

  bool spans_bursts(const Arm& arm) const noexcept;
  double counting_error(const Arm& a, const Arm& b) const noexcept;
  bool visit_over(const Arm& arm) const noexcept;
  const Arm& high() const noexcept { return arms_[static_cast<size_t>(Visit::kHigh)]; }
  const Arm& low() const noexcept { return arms_[static_cast<size_t>(Visit::kLow)]; }
  LimitDecision move_to(uint32_t limit, LimitCause cause, const WindowStats& window) noexcept;
  LimitDecision stay(LimitCause cause) const noexcept;

  ElasticLimitOptions options_;
  Regime regime_ = Regime::kOpen;
  uint32_t limit_;  // in force

  // Running measurements; seconds, 0 while unknown.
  double latency_ = 0;
  double latency_unsaturated_ = 0;
  double spread_ = 1;           // squared coefficient of variation of latency
  double burstiness_ = 1;       // variance over mean of the counts of slices; 1 for Poisson
  double finished_before_ = 0;  // in the slice before
  double throughput_ = 0;       // per second
  double concurrency_ = 0;      // throughput × latency, Little's law
  double saturation_ = 0;       // share of the time that the limit was what held work back
  double saturated_s_ = 0;
  double unsaturated_s_ = 0;
  double lost_ = 0;      // dropped or ignored since the last halving
  double finished_ = 0;  // successes and failures likewise

  // Settling after a move.
  Instant settle_until_{};
  Instant loss_from_{};  // losses before it say nothing about the limit in force
  bool draining_ = false;

  // Search: `base_` is where we stand, `other_` where we look; `up_` tells on which side it is.
  bool up_ = true;
  bool bounded_ = false;  // a higher limit is known to bring nothing
  int streak_ = 0;        // steps up in a row that paid
  Arm base_;
  Arm other_;

  // Track: what is believed of the knee, and the visits by which it is learned.
  KneeBelief knee_;
  double elasticity_ = 0;     // of the last comparison
  double response_mean_ = 0;  // ln(T_H/T_D) over the last comparisons
  Visit visit_ = Visit::kHigh;
  Arm arms_[3];  // by Visit
  uint32_t high_limit_ = 0;
  double high_rate_ = 0;    // throughput at the high limit over the last visits
  double high_weight_ = 0;  // completions behind high_rate_
  double left_check_at_ = 0;
  double low_seconds_ = 0;  // the last low visit took
  int low_count_ = 0;       // low visits so far
  int deep_at_ = 0;         // the number of the next one that goes deep
  double low_share_ = 0;    // of the time that low visits may take
  double peek_share_ = 0;   // … and peeks
  double peek_response_ = 0;
  double peek_debt_ = 0;  // seconds of peeking that are due
  bool peek_next_ = false;
};

}  // namespace weir
