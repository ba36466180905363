#include "observe/prometheus.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "weir/base/assert.h"

namespace weir::observe {
namespace {

// 2^16 ns = 65.5 µs and 2^36 ns = 68.7 s: the octaves of interest to a request. The bounds are
// bucket bounds of the fine histogram too, so the counts are exact.
constexpr int kOctaveMin = 16;
constexpr int kOctaveMax = 36;
constexpr size_t kExemplarIdMax = 100;

/// The octave whose bucket takes this time; past the last for +Inf.
int octave_of(double seconds) noexcept {
  int octave = kOctaveMin;
  while (octave <= kOctaveMax && seconds > std::exp2(octave) * 1e-9) ++octave;
  return octave;
}

void append_number(std::string& out, double value) {
  char text[32];
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    std::snprintf(text, sizeof text, "%.0f", value);
  } else if (std::isfinite(value)) {
    std::snprintf(text, sizeof text, "%.9g", value);
  } else {
    std::snprintf(text, sizeof text, "%s", std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
  }
  out += text;
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{') out += ',';
  out.append(name).append("=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  out += '"';
}

// Collects the lines of each family apart, since the format wants a family's lines together.
class Exposition final : public MetricSink {
 public:
  /// `exemplars` null: Prometheus text; else OpenMetrics.
  explicit Exposition(const ExemplarBook* exemplars) noexcept : exemplars_(exemplars) {}

  void value(Metric metric, LabelValues labels, double value) override {
    WEIR_ASSERT(info(metric).type != MetricType::kHistogram);
    append_line(metric, "", labels, "", value);
  }

  void histogram(Metric metric, LabelValues labels, const Histogram& histogram) override {
    WEIR_ASSERT(info(metric).type == MetricType::kHistogram);
    uint64_t cumulated = 0;
    int next = 0;
    for (int octave = kOctaveMin; octave <= kOctaveMax; ++octave) {
      const int end = (octave - HistogramShape::kExponentMin) * HistogramShape::kPerOctave;
      for (; next < end; ++next) cumulated += histogram.count_at(next);
      char bound[32];
      std::snprintf(bound, sizeof bound, "%.9g", std::exp2(octave) * 1e-9);
      append_line(metric, "_bucket", labels, bound, static_cast<double>(cumulated));
      append_exemplar(metric, labels, octave);
    }
    const auto count = static_cast<double>(histogram.count());
    append_line(metric, "_bucket", labels, "+Inf", count);
    append_exemplar(metric, labels, kOctaveMax + 1);
    append_line(metric, "_sum", labels, "", histogram.sum_ns() * 1e-9);
    append_line(metric, "_count", labels, "", count);
  }

  std::string text() const {
    std::string out;
    for (const MetricInfo& family : all_metrics()) {
      const std::string& lines = lines_[static_cast<size_t>(family.metric)];
      if (lines.empty()) continue;
      const std::string_view name = name_of(family);
      out.append("# HELP ").append(name).append(" ").append(family.help).append("\n");
      out.append("# TYPE ").append(name).append(" ").append(to_string(family.type));
      out.append("\n").append(lines);
    }
    if (exemplars_ != nullptr) out += "# EOF\n";
    return out;
  }

 private:
  // OpenMetrics names a counter's family without the suffix of its one series.
  std::string_view name_of(const MetricInfo& family) const noexcept {
    constexpr std::string_view kTotal = "_total";
    const bool bare = exemplars_ != nullptr && family.name.ends_with(kTotal);
    return bare ? family.name.substr(0, family.name.size() - kTotal.size()) : family.name;
  }

  // At the end of the line that was just written.
  void append_exemplar(Metric metric, LabelValues labels, int octave) {
    if (exemplars_ == nullptr || labels.size() == 0) return;
    const Exemplar* found = exemplars_->find(metric, *labels.begin(), octave);
    if (found == nullptr) return;
    std::string& out = lines_[static_cast<size_t>(metric)];
    out.pop_back();
    out += " # {";
    append_label(out, "request_id", found->request_id);
    out += "} ";
    append_number(out, found->seconds);
    char time[32];
    std::snprintf(time, sizeof time, " %.3f\n", found->time_s);
    out += time;
  }

  void append_line(Metric metric, const char* suffix, LabelValues labels, std::string_view bound,
                   double value) {
    const MetricInfo& family = info(metric);
    WEIR_ASSERT(labels.size() == family.label_count());
    std::string& out = lines_[static_cast<size_t>(metric)];
    out.append(family.name).append(suffix);
    if (labels.size() > 0 || !bound.empty()) {
      out += '{';
      const std::string_view* name = family.labels.data();
      for (const std::string_view label : labels) append_label(out, *name++, label);
      if (!bound.empty()) append_label(out, "le", bound);
      out += '}';
    }
    out += ' ';
    append_number(out, value);
    out += '\n';
  }

  const ExemplarBook* exemplars_;
  std::array<std::string, kMetricCount> lines_;
};

}  // namespace

std::string render_prometheus(const Registry& registry) {
  Exposition exposition(nullptr);
  registry.collect(exposition);
  return exposition.text();
}

std::string render_open_metrics(const Registry& registry, const ExemplarBook& exemplars) {
  Exposition exposition(&exemplars);
  registry.collect(exposition);
  return exposition.text();
}

void ExemplarBook::put(Metric metric, std::string_view label, Exemplar exemplar) {
  exemplar.request_id.resize(std::min(exemplar.request_id.size(), kExemplarIdMax));
  const auto key = std::tuple(metric, std::string(label), octave_of(exemplar.seconds));
  if (newest_.size() >= kEntryMax && newest_.count(key) == 0) return;
  newest_[key] = std::move(exemplar);
}

const Exemplar* ExemplarBook::find(Metric metric, std::string_view label,
                                   int octave) const noexcept {
  const auto found = newest_.find(std::tuple(metric, label, octave));
  return found == newest_.end() ? nullptr : &found->second;
}

}  // namespace weir::observe
