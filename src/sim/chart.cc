#include "sim/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "sim/format.h"

namespace weir::sim {
namespace {

constexpr size_t kPointsMax = 360;

// The drawing area in the units of the view box.
constexpr double kWidth = 720;
constexpr double kHeight = 200;
constexpr double kLeft = 52;
constexpr double kRight = 16;
constexpr double kTop = 8;
constexpr double kBottom = 22;

std::vector<double> thinned(const std::vector<double>& values) {
  if (values.size() <= kPointsMax) return values;
  std::vector<double> means(kPointsMax);
  for (size_t i = 0; i < kPointsMax; ++i) {
    const size_t begin = i * values.size() / kPointsMax;
    const size_t end = (i + 1) * values.size() / kPointsMax;
    double total = 0;
    for (size_t k = begin; k < end; ++k) total += values[k];
    means[i] = total / static_cast<double>(end - begin);
  }
  return means;
}

// 1, 2 or 5 times a power of ten, so that about `count` steps make `span`.
double nice_step(double span, int count) {
  const double rough = span / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough) return factor * power;
  return 10 * power;
}

class Drawing {
 public:
  Drawing(const Chart& chart, double highest)
      : chart_(chart), step_(nice_step(highest > 0 ? highest : 1, 4)) {
    top_ = step_ * std::ceil((highest > 0 ? highest : 1) / step_);
  }

  std::string draw(const std::vector<std::vector<double>>& lines) {
    add("<svg viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"%s\">", kWidth, kHeight,
        escape_html(chart_.title).c_str());
    for (const ChartSpan& span : chart_.spans) draw_span(span);
    draw_axes();
    for (size_t i = 0; i < lines.size(); ++i) draw_line(chart_.lines[i], lines[i]);
    out_ += "</svg>";
    return out_;
  }

 private:
  template <typename... Values>
  void add(const char* pattern, Values... values) {
    char text[512];
    std::snprintf(text, sizeof text, pattern, values...);
    out_ += text;
  }

  double x_of(double seconds) const {
    return kLeft + (kWidth - kLeft - kRight) * seconds / chart_.seconds;
  }
  double y_of(double value) const { return kTop + (kHeight - kTop - kBottom) * (1 - value / top_); }

  void draw_span(const ChartSpan& span) {
    const double begin = x_of(span.from);
    const double end = x_of(std::min(span.to, chart_.seconds));
    add("<rect class=\"span\" x=\"%.1f\" y=\"%g\" width=\"%.1f\" height=\"%.1f\"><title>%s</title>"
        "</rect>",
        begin, kTop, std::max(end - begin, 1.0), kHeight - kTop - kBottom,
        escape_html(span.label).c_str());
  }

  void draw_axes() {
    for (int i = 0; i * step_ <= top_ * 1.0001; ++i) {
      const double y = y_of(i * step_);
      add("<line class=\"grid\" x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\"/>", kLeft,
          kWidth - kRight, y, y);
      add("<text x=\"%g\" y=\"%.1f\" class=\"y\">%s</text>", kLeft - 6, y + 4,
          format_number(i * step_).c_str());
    }
    const double step = nice_step(chart_.seconds, 8);
    for (int i = 0; i * step <= chart_.seconds * 1.0001; ++i)
      add("<text x=\"%.1f\" y=\"%g\" class=\"x\">%s s</text>", x_of(i * step), kHeight - 6,
          i == 0 ? "0" : format_number(i * step).c_str());
  }

  void draw_line(const ChartLine& line, const std::vector<double>& values) {
    if (values.empty()) return;
    const double width = chart_.seconds / static_cast<double>(values.size());
    std::string points;
    char point[64];
    for (size_t i = 0; i < values.size(); ++i) {
      const double x = x_of((static_cast<double>(i) + 0.5) * width);
      std::snprintf(point, sizeof point, "%.1f,%.1f ", x, y_of(std::min(values[i], top_)));
      points += point;
    }
    if (line.filled) {
      out_ += "<polygon class=\"fill " + line.tone + "\" points=\"" + points;
      add("%.1f,%.1f %.1f,%.1f\"/>", x_of(chart_.seconds - width / 2), y_of(0), x_of(width / 2),
          y_of(0));
    }
    out_ += "<polyline class=\"line " + line.tone + "\" points=\"" + points + "\"/>";
  }

  const Chart& chart_;
  double step_;
  double top_;
  std::string out_;
};

}  // namespace

std::string to_svg(const Chart& chart) {
  std::vector<std::vector<double>> lines;
  double highest = 0;
  for (const ChartLine& line : chart.lines) {
    lines.push_back(thinned(line.values));
    for (const double value : lines.back()) highest = std::max(highest, value);
  }
  std::string out = "<figure><figcaption><b>" + escape_html(chart.title) + "</b> <span>" +
                    escape_html(chart.unit) + "</span><span class=\"legend\">";
  for (const ChartLine& line : chart.lines)
    out += "<i class=\"" + line.tone + "\"></i>" + escape_html(line.name) + " ";
  out += "</span></figcaption>";
  out += Drawing(chart, highest).draw(lines);
  return out + "</figure>\n";
}

std::string chart_style() {
  return R"css(:root{color-scheme:light dark;
--paper:#fff;--card:#f7f8fa;--ink:#1c2430;--soft:#66707f;
--rule:#e1e5eb;--grey:#9aa3b0;--blue:#2f6fde;--green:#1f9d63;--amber:#c97a08;--red:#d23f3f;
--violet:#7d55c7;--span:#f2b84b33}
@media(prefers-color-scheme:dark){:root{--paper:#12161c;--card:#1a2028;--ink:#e6eaf0;--soft:#97a1b0;
--rule:#2c3440;--grey:#6f7a89;--blue:#6ea2ff;--green:#4cc98c;--amber:#f0ab3f;--red:#ff7b7b;
--violet:#b594f5;--span:#f2b84b22}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1180px;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0}
.soft,figcaption span{color:var(--soft)}
.plots{display:grid;margin-top:1rem;gap:1rem;
grid-template-columns:repeat(auto-fill,minmax(min(100%,480px),1fr))}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:.7rem}
figcaption{font-size:.9rem;margin-bottom:.3rem}
.legend{float:right}.legend i{display:inline-block;width:.7em;height:.7em;border-radius:2px;
margin:0 .35em 0 .9em;background:currentColor}
svg{width:100%;height:auto;display:block}
svg text{font-size:11px;fill:var(--soft)}svg .y{text-anchor:end}svg .x{text-anchor:middle}
.grid{stroke:var(--rule)}.span{fill:var(--span)}
.line{fill:none;stroke:currentColor;stroke-width:1.6;stroke-linejoin:round}
.fill{fill:currentColor;opacity:.14}
.grey{color:var(--grey)}.blue{color:var(--blue)}.green{color:var(--green)}.amber{color:var(--amber)}
.red{color:var(--red)}.violet{color:var(--violet)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td,th{padding:.3rem .6rem;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}
th{color:var(--soft);font-weight:500}td:first-child,th:first-child{text-align:left}
.pass{color:var(--green)}.miss{color:var(--red)}
td.claim,.refused td,.refused th{text-align:left;white-space:normal}
)css";
}

std::string escape_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace weir::sim
