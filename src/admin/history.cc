#include "admin/history.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "observe/json.h"
#include "weir/base/assert.h"

namespace weir::admin {
namespace {

using observe::LabelValues;
using observe::Metric;
using observe::MetricType;

constexpr size_t kLeftOut = SIZE_MAX;

// What has no chart: it never moves, or other series tell it.
bool is_drawn(Metric metric) noexcept {
  return metric != Metric::kBuildInfo && metric != Metric::kKafkaCommitted;
}

std::string key_of(Metric metric, const LabelValues& labels) {
  std::string key(observe::info(metric).name);
  for (const std::string_view label : labels) key.append("\n").append(label);
  return key;
}

}  // namespace

const char* to_string(Stat stat) noexcept {
  switch (stat) {
    case Stat::kRate: return "rate";
    case Stat::kValue: return "value";
    case Stat::kMean: return "mean";
    case Stat::kP50: return "p50";
    case Stat::kP95: return "p95";
    case Stat::kP99: return "p99";
  }
  return "?";
}

// What the last sample saw of a counter or a histogram.
struct History::Track {
  double counted = 0;
  Histogram histogram;
  bool is_known = false;
};

class History::Sampler final : public observe::MetricSink {
 public:
  Sampler(History& history, double seconds) : history_(history), seconds_(seconds) {}

  void value(Metric metric, LabelValues labels, double value) override {
    if (!is_drawn(metric)) return;
    const std::string key = key_of(metric, labels);
    if (observe::info(metric).type == MetricType::kGauge)
      return put(key, metric, Stat::kValue, labels, value);
    if (value == 0) return;
    Track& track = track_of(key);
    put(key, metric, Stat::kRate, labels, rate(value - std::exchange(track.counted, value)));
  }

  void histogram(Metric metric, LabelValues labels, const Histogram& histogram) override {
    if (!is_drawn(metric) || histogram.count() == 0) return;
    const std::string key = key_of(metric, labels);
    Track& track = track_of(key);
    Histogram fresh;
    for (int i = 0; i < HistogramShape::kBuckets; ++i) {
      const uint64_t count = histogram.count_at(i) - track.histogram.count_at(i);
      if (count > 0) fresh.add_bucket(i, count);
    }
    const double sum = (histogram.sum_ns() - track.histogram.sum_ns()) * 1e-9;
    track.histogram = histogram;
    put(key + "\nrate", metric, Stat::kRate, labels, rate(static_cast<double>(fresh.count())));
    put(key + "\nmean", metric, Stat::kMean, labels, rate(sum));
    const auto quantile = [&](const char* name, Stat stat, double q) {
      const bool is_there = fresh.count() > 0;
      put(key + name, metric, stat, labels, is_there ? to_seconds(fresh.quantile(q)) : kNothing);
    };
    quantile("\np50", Stat::kP50, 0.50);
    quantile("\np95", Stat::kP95, 0.95);
    quantile("\np99", Stat::kP99, 0.99);
  }

  std::vector<float> take() { return std::move(values_); }

 private:
  double rate(double count) const noexcept { return std::max(0.0, count) / seconds_; }

  Track& track_of(const std::string& key) {
    auto& track = history_.tracks_[key];
    if (track == nullptr) track = std::make_unique<Track>();
    return *track;
  }

  void put(const std::string& key, Metric metric, Stat stat, const LabelValues& labels,
           double value) {
    const size_t place = history_.find_or_add(key, metric, stat, labels);
    if (place == kLeftOut) return;
    if (values_.size() <= place) values_.resize(place + 1, kNothing);
    values_[place] = static_cast<float>(value);
  }

  History& history_;
  double seconds_;
  std::vector<float> values_;
};

History::History(const observe::Registry& registry) : registry_(registry) {}
History::~History() = default;

size_t History::find_or_add(const std::string& key, Metric metric, Stat stat,
                            const LabelValues& labels) {
  const auto known = index_.find(key);
  if (known != index_.end()) return known->second;
  if (series_.size() >= kSeriesMax) {
    ++left_out_;
    return kLeftOut;
  }
  series_.push_back({metric, stat, {labels.begin(), labels.end()}});
  return index_[key] = series_.size() - 1;
}

void History::sample(int64_t time_ms, Duration length) {
  WEIR_ASSERT(length > Duration::zero());
  Sampler sampler(*this, to_seconds(length));
  registry_.collect(sampler);
  rows_.push_back({++number_, time_ms, sampler.take()});
  if (rows_.size() > kRowMax) rows_.pop_front();
}

void History::append_row(std::string& out, const Row& row) {
  out += '[';
  out += std::to_string(row.time_ms);
  for (const float value : row.values) {
    char text[24];
    if (value == kNothing || !std::isfinite(value))
      std::snprintf(text, sizeof text, ",null");
    else if (value == 0)
      std::snprintf(text, sizeof text, ",0");
    else
      std::snprintf(text, sizeof text, ",%.5g", static_cast<double>(value));
    out += text;
  }
  out += ']';
}

std::string History::render_series() const {
  observe::JsonWriter json;
  json.begin_array();
  for (const HistorySeries& one : series_) {
    const observe::MetricInfo& family = observe::info(one.metric);
    json.begin_object();
    json.member("metric", family.name);
    json.member("stat", to_string(one.stat));
    for (size_t i = 0; i < one.labels.size(); ++i) json.member(family.labels[i], one.labels[i]);
    json.end_object();
  }
  json.end_array();
  return json.text();
}

}  // namespace weir::admin
