#include "weir/control/failsafe_limit.h"

namespace weir {
namespace {

constexpr double kAlpha = 3;
constexpr double kBeta = 6;
constexpr double kVariationMin = 0.01;

double log10_step(double limit) noexcept {
  return std::max(1.0, std::floor(std::log10(std::floor(limit))));
}

}  // namespace

CorrelationWindow::Result CorrelationWindow::add(double x, double y) noexcept {
  if (pairs_.size() < pairs_.capacity())
    pairs_.push_back({x, y});
  else
    pairs_[next_] = {x, y};
  next_ = (next_ + 1) % pairs_.capacity();
  const auto n = static_cast<double>(pairs_.size());
  double mean_x = 0;
  double mean_y = 0;
  for (const Pair& pair : pairs_) {
    mean_x += pair.x / n;
    mean_y += pair.y / n;
  }
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (const Pair& pair : pairs_) {
    xx += (pair.x - mean_x) * (pair.x - mean_x) / n;
    yy += (pair.y - mean_y) * (pair.y - mean_y) / n;
    xy += (pair.x - mean_x) * (pair.y - mean_y) / n;
  }
  if (pairs_.size() < 2 || n < warmup_) return {};
  Result result{0, std::sqrt(yy) / mean_y};
  if (std::sqrt(xx) / mean_x >= kVariationMin && result.variation_y >= kVariationMin)
    result.correlation = xy / std::sqrt(xx * yy);
  return result;
}

double FailsafeLimit::WarmAverage::add(double sample, int size, int warmup) noexcept {
  if (count < warmup)
    value += (sample - value) / ++count;
  else
    value += (sample - value) * 2 / (size + 1);
  return value;
}

FailsafeLimit::FailsafeLimit(FailsafeLimitOptions options)
    : options_(options),
      limit_(options.initial),
      throughput_(options.correlation, options.warmup),
      rtt_(options.correlation, options.warmup) {}

double FailsafeLimit::median_of_five(double value) noexcept {
  recent_[recent_count_++ % recent_.size()] = value;
  if (recent_count_ < recent_.size()) return value;
  std::array<double, 5> sorted = recent_;
  std::nth_element(sorted.begin(), sorted.begin() + 2, sorted.end());
  return sorted[2];
}

LimitDecision FailsafeLimit::update(const WindowStats& window, Instant /*now*/) noexcept {
  LimitDecision decision{.limit = whole(limit_)};
  const double quantile_s = to_seconds(window.latency.quantile(options_.quantile));
  if (window.samples() == 0 || window.inflight_peak == 0 || quantile_s <= 0) return decision;
  const double filtered = median_of_five(quantile_s);
  const double rtt = smooth_.add(filtered, options_.smoothing, options_.warmup);
  const double baseline = baseline_.add(rtt, options_.baseline, options_.warmup);
  const double queue = std::ceil(limit_ * (1 - baseline / rtt));
  const double inflight = window.inflight_peak;
  const auto response = throughput_.add(inflight, inflight / rtt);
  const double rises = rtt_.add(inflight, rtt).correlation;

  // The completion that closed the window has given its place back already.
  const bool full = window.inflight + 1 >= whole(limit_);
  const bool flat =
      response.correlation < 0 ||
      (rises > options_.rtt_correlation && (response.correlation < options_.flat_correlation ||
                                            response.variation_y < options_.flat_variation));
  const double step = log10_step(limit_);
  double next = limit_;
  if (queue > kBeta * step || (full && flat)) {
    next -= step;
    decision.cause = LimitCause::kShrink;
  } else if (queue < kAlpha * step) {
    next += step;
    decision.cause = LimitCause::kGrow;
  }
  if (next > options_.inflight_factor * inflight) {
    next = limit_ - step;
    decision.cause = LimitCause::kNotSaturated;
  }
  limit_ = clamp_to(options_.range, next);
  decision.limit = whole(limit_);
  decision.figures[0] = rtt;
  decision.figures[1] = baseline;
  decision.figures[2] = queue;
  decision.figures[3] = response.correlation;
  return decision;
}

const FigureNames& FailsafeLimit::figure_names() const noexcept {
  static constexpr FigureNames kNames = {"rtt_seconds", "baseline_seconds", "queue",
                                         "throughput_correlation"};
  return kNames;
}

}  // namespace weir
