#include "observe/prometheus.h"

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
    }
    const auto count = static_cast<double>(histogram.count());
    append_line(metric, "_bucket", labels, "+Inf", count);
    append_line(metric, "_sum", labels, "", histogram.sum_ns() * 1e-9);
    append_line(metric, "_count", labels, "", count);
  }

  std::string text() const {
    std::string out;
    for (const MetricInfo& family : all_metrics()) {
      const std::string& lines = lines_[static_cast<size_t>(family.metric)];
      if (lines.empty()) continue;
      out.append("# HELP ").append(family.name).append(" ").append(family.help).append("\n");
      out.append("# TYPE ").append(family.name).append(" ").append(to_string(family.type));
      out.append("\n").append(lines);
    }
    return out;
  }

 private:
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

  std::array<std::string, kMetricCount> lines_;
};

}  // namespace

std::string render_prometheus(const Registry& registry) {
  Exposition exposition;
  registry.collect(exposition);
  return exposition.text();
}

}  // namespace weir::observe
