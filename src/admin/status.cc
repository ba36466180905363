#include "admin/status.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

namespace weir::admin {
namespace {

using observe::Metric;

// Rows of the past that say what is usual: five minutes, without the seconds judged.
constexpr size_t kUsualRows = 300;
// Before as many seconds with traffic, nothing is usual yet.
constexpr size_t kUsualRowsMin = 20;
constexpr size_t kLimitMemoryRows = 60;
constexpr double kFailedShare = 0.05;
// Rates below one in kNowRows seconds are rounding.
constexpr double kSomething = 1e-3;

std::string percent(double ratio) {
  const double value = ratio * 100;
  char text[16];
  std::snprintf(text, sizeof text, value < 1 ? "%.1f %%" : "%.0f %%", value);
  return text;
}

std::string millis(double seconds) {
  const double value = seconds * 1e3;
  char text[24];
  std::snprintf(text, sizeof text, value < 10 ? "%.1f ms" : "%.0f ms", value);
  return text;
}

std::string whole(double value) {
  char text[24];
  std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

std::string per_second(double rate) {
  char text[24];
  std::snprintf(text, sizeof text, rate < 10 ? "%.1f" : "%.0f", rate);
  return std::string(text) + " requests/s";
}

// Reads the history of one upstream.
class View {
 public:
  View(const History& history, const observe::StateProvider& state, std::string upstream)
      : history_(history), upstream_(std::move(upstream)) {
    for (const auto& [route, target] : state.routes()) {
      has_routes_ = true;
      if (target == upstream_) routes_.insert(route);
    }
  }

  const std::string& name() const noexcept { return upstream_; }

  /// Whether the series is about this upstream; every family has it or the route first.
  bool is_ours(const HistorySeries& series) const {
    if (series.labels.empty()) return false;
    if (series.metric == Metric::kRequests || series.metric == Metric::kRequestDuration)
      return !has_routes_ || routes_.count(series.labels[0]) > 0;
    return series.labels[0] == upstream_;
  }

  /// The mean over the newest `rows` of the sum over all series that `takes` takes.
  template <typename Takes>
  double mean(Metric metric, Stat stat, size_t rows, Takes takes) const {
    double sum = 0;
    const auto& series = history_.series();
    for (size_t i = 0; i < series.size(); ++i) {
      if (series[i].metric != metric || series[i].stat != stat || !is_ours(series[i])) continue;
      if (takes(series[i])) sum += mean_of(i, rows);
    }
    return sum;
  }
  double mean(Metric metric, Stat stat, size_t rows = kNowRows) const {
    return mean(metric, stat, rows, [](const HistorySeries&) { return true; });
  }

  /// The values of our one series of this kind, newest first, rows without one left out.
  std::vector<double> values(Metric metric, Stat stat, size_t rows, size_t skipped = 0) const {
    std::vector<double> found;
    const size_t place = place_of(metric, stat);
    const auto& all = history_.rows();
    for (size_t i = skipped; i < skipped + rows && i < all.size(); ++i) {
      const float value = all[all.size() - 1 - i].at(place);
      if (value != History::kNothing) found.push_back(static_cast<double>(value));
    }
    return found;
  }

  double last(Metric metric, Stat stat) const {
    const std::vector<double> found = values(metric, stat, 1);
    return found.empty() ? 0 : found.front();
  }

 private:
  double mean_of(size_t place, size_t rows) const {
    const auto& all = history_.rows();
    const size_t count = std::min(rows, all.size());
    double sum = 0;
    for (size_t i = all.size() - count; i < all.size(); ++i)
      sum += std::max(0.0F, all[i].at(place));
    return count == 0 ? 0 : sum / static_cast<double>(count);
  }

  size_t place_of(Metric metric, Stat stat) const {
    const auto& series = history_.series();
    for (size_t i = 0; i < series.size(); ++i)
      if (series[i].metric == metric && series[i].stat == stat && is_ours(series[i])) return i;
    return History::kSeriesMax;
  }

  const History& history_;
  std::string upstream_;
  std::set<std::string> routes_;
  bool has_routes_ = false;
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Pressure of each of the newest rows, newest first.
std::vector<double> pressures(const View& view) {
  const auto busy = view.values(Metric::kUpstreamDuration, Stat::kMean, kTrendRows);
  const auto inflight = view.values(Metric::kInflight, Stat::kValue, kTrendRows);
  const auto limit = view.values(Metric::kConcurrencyLimit, Stat::kValue, kTrendRows);
  std::vector<double> found;
  for (size_t i = 0; i < inflight.size() && i < limit.size(); ++i) {
    const double in_use = std::max(i < busy.size() ? busy[i] : 0.0, inflight[i]);
    found.push_back(in_use / std::max(1.0, limit[i]));
  }
  return found;
}

// Growth a second, by least squares; the values are newest first and a second apart.
double slope(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  if (count < 3) return 0;
  double mean = 0;
  for (const double value : values) mean += value / count;
  double above = 0;
  double below = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double x = (count - 1) / 2 - static_cast<double>(i);
    above += x * (values[i] - mean);
    below += x * x;
  }
  return above / below;
}

struct Refusals {
  double refused = 0;
  double came = 0;
  std::string worst_priority;
  double worst_share = 0;
  std::string reason;
  std::vector<std::string> unaffected;
};

Refusals refusals_of(const View& view, Metric metric) {
  constexpr const char* kPriorities[] = {"CRITICAL_PLUS", "CRITICAL", "SHEDDABLE_PLUS",
                                         "SHEDDABLE"};
  Refusals found;
  for (const char* priority : kPriorities) {
    const double refused = view.mean(metric, Stat::kRate, kNowRows, [&](const HistorySeries& one) {
      return one.label(1) == priority;
    });
    // With --dry-run what would have been refused was served, and counted as such.
    const double came =
        view.mean(Metric::kRequests, Stat::kRate, kNowRows,
                  [&](const HistorySeries& one) { return one.label(1) == priority; });
    found.refused += refused;
    found.came += came;
    const double share = std::min(1.0, refused / std::max(came, kSomething));
    if (refused < kSomething) {
      if (came >= kSomething) found.unaffected.push_back(priority);
      continue;
    }
    if (share < found.worst_share) continue;
    found.worst_share = share;
    found.worst_priority = priority;
  }
  double most = 0;
  std::set<std::string> reasons;
  view.mean(metric, Stat::kRate, kNowRows, [&](const HistorySeries& one) {
    reasons.insert(one.label(2));
    return false;
  });
  for (const std::string& reason : reasons) {
    const double rate = view.mean(metric, Stat::kRate, kNowRows,
                                  [&](const HistorySeries& one) { return one.label(2) == reason; });
    if (rate <= most) continue;
    most = rate;
    found.reason = reason;
  }
  return found;
}

std::string cause_of(const View& view, const std::string& reason) {
  const double p99 = median(view.values(Metric::kUpstreamDuration, Stat::kP99, kNowRows));
  const auto limits = view.values(Metric::kConcurrencyLimit, Stat::kValue, kLimitMemoryRows);
  std::string cause = "cause: " + reason;
  if (p99 > 0) cause += ", p99 " + millis(p99);
  if (limits.empty()) return cause;
  const double highest = *std::max_element(limits.begin(), limits.end());
  if (highest > limits.front())
    cause += ", limit " + whole(highest) + " → " + whole(limits.front());
  else
    cause += ", limit " + whole(limits.front());
  return cause;
}

std::string shedding_sentence(const View& view, const Refusals& refusals, bool dry_run) {
  std::string text = dry_run ? "Would shed " : "Shedding ";
  text += percent(refusals.worst_share) + " of " + refusals.worst_priority + " on " + view.name();
  for (size_t i = 0; i < refusals.unaffected.size(); ++i)
    text += (i == 0 ? "; " : ", ") + refusals.unaffected[i];
  if (!refusals.unaffected.empty()) text += " unaffected";
  text += "; " + cause_of(view, refusals.reason);
  if (dry_run) text += " (dry run: nobody is refused)";
  return text + ".";
}

// The sign of coming trouble; empty when there is none.
std::string rising_sign(const View& view, const std::vector<double>& pressure) {
  const double now =
      median({pressure.begin(),
              pressure.begin() + static_cast<std::ptrdiff_t>(std::min(pressure.size(), kNowRows))});
  const double limit = view.last(Metric::kConcurrencyLimit, Stat::kValue);
  if (now >= kPressureHigh) return percent(now) + " of the limit of " + whole(limit) + " is in use";
  const auto depth = view.values(Metric::kQueueDepth, Stat::kValue, 2);
  if (depth.size() == 2 && depth[0] >= 1 && depth[1] >= 1)
    return whole(depth[0]) + " requests wait in the queue";
  const auto usual = view.values(Metric::kUpstreamDuration, Stat::kP99, kUsualRows, kNowRows);
  const double before = median(usual);
  const double p99 = median(view.values(Metric::kUpstreamDuration, Stat::kP99, 2));
  if (usual.size() >= kUsualRowsMin && p99 > kSlowerBy * before && p99 > 0.005)
    return "its p99 is " + millis(p99) + " and was " + millis(before);
  const double growth = slope(pressure);
  if (pressure.size() >= kTrendRows && now > 0.3 && now + growth * kForewarningSeconds >= 1)
    return percent(now) + " of the limit is in use, and at this pace all of it in " +
           whole((1 - now) / growth) + " s";
  return "";
}

UpstreamStatus judge_upstream(const View& view, bool dry_run) {
  UpstreamStatus status;
  status.name = view.name();
  const std::vector<double> pressure = pressures(view);
  if (!pressure.empty()) status.pressure = pressure.front();
  const Refusals refusals =
      refusals_of(view, dry_run ? Metric::kShadowRejections : Metric::kRejections);
  status.requests_per_second = refusals.came;
  status.refused_ratio = std::min(1.0, refusals.refused / std::max(refusals.came, kSomething));
  const double failed =
      view.mean(Metric::kRequests, Stat::kRate, kNowRows, [](const HistorySeries& one) {
        return one.label(2) == "failure" || one.label(2) == "dropped";
      });
  if (refusals.refused >= kSomething) {
    status.level = Level::kShedding;
    status.sentence = shedding_sentence(view, refusals, dry_run);
    return status;
  }
  if (failed > kFailedShare * refusals.came && failed >= kSomething) {
    status.level = Level::kFailing;
    status.sentence = percent(failed / refusals.came) + " of the requests to " + view.name() +
                      " fail there; weir refuses nothing.";
    return status;
  }
  const std::string sign = rising_sign(view, pressure);
  if (!sign.empty()) {
    status.level = Level::kRising;
    status.sentence =
        "Pressure is rising on " + view.name() + ": " + sign + ". Nothing is refused yet.";
    return status;
  }
  if (refusals.came < kSomething) {
    status.sentence = "No traffic on " + view.name() + ".";
    return status;
  }
  status.level = Level::kOk;
  status.sentence = "All well on " + view.name() + ": " + per_second(refusals.came) + ", p99 " +
                    millis(median(view.values(Metric::kUpstreamDuration, Stat::kP99, kNowRows))) +
                    ", " + percent(status.pressure) + " of the limit in use.";
  return status;
}

std::set<std::string> upstreams_of(const History& history) {
  std::set<std::string> names;
  for (const HistorySeries& series : history.series())
    if (series.metric == Metric::kConcurrencyLimit) names.insert(series.label(0));
  return names;
}

bool ever_had_traffic(const History& history) {
  const auto& series = history.series();
  return std::any_of(series.begin(), series.end(),
                     [](const HistorySeries& one) { return one.metric == Metric::kRequests; });
}

std::string idle_sentence(const History& history) {
  if (!ever_had_traffic(history)) return "No traffic yet.";
  return "No traffic now.";
}

}  // namespace

const char* to_string(Level level) noexcept {
  switch (level) {
    case Level::kIdle: return "idle";
    case Level::kOk: return "ok";
    case Level::kRising: return "rising";
    case Level::kFailing: return "failing";
    case Level::kShedding: return "shedding";
    case Level::kDraining: return "draining";
  }
  return "?";
}

Status judge(const History& history, const observe::StateProvider& state) {
  Status status;
  for (const std::string& name : upstreams_of(history)) {
    const View view(history, state, name);
    status.upstreams.push_back(judge_upstream(view, state.dry_run()));
  }
  status.sentence = idle_sentence(history);
  size_t busy = 0;
  for (const UpstreamStatus& upstream : status.upstreams) {
    if (upstream.level != Level::kIdle) ++busy;
    const bool worse = upstream.level > status.level;
    const bool as_bad = upstream.level == status.level && upstream.level == Level::kShedding;
    if (!worse && !as_bad) continue;
    status.sentence = worse ? upstream.sentence : status.sentence + " " + upstream.sentence;
    status.level = upstream.level;
  }
  if (status.level == Level::kOk && busy > 1) {
    double rate = 0;
    for (const UpstreamStatus& upstream : status.upstreams) rate += upstream.requests_per_second;
    status.sentence =
        "All well: " + per_second(rate) + " to " + std::to_string(busy) + " upstreams.";
  }
  if (state.draining()) {
    status.level = Level::kDraining;
    status.sentence = "Draining: new requests are refused, what is under way is finished.";
  }
  return status;
}

void write_status(observe::JsonWriter& json, const Status& status) {
  json.begin_object();
  json.member("level", to_string(status.level));
  json.member("sentence", status.sentence);
  json.key("upstreams");
  json.begin_array();
  for (const UpstreamStatus& upstream : status.upstreams) {
    json.begin_object();
    json.member("name", upstream.name);
    json.member("level", to_string(upstream.level));
    json.member("sentence", upstream.sentence);
    json.member("pressure", upstream.pressure);
    json.member("refused_ratio", upstream.refused_ratio);
    json.member("requests_per_second", upstream.requests_per_second);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

}  // namespace weir::admin
