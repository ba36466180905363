#include "lab/demo_picture.h"

#include <algorithm>

#include "lab/format.h"

namespace weir::lab {
namespace {

constexpr double kWidth = 960;
constexpr double kHeight = 452;
constexpr double kChartWidth = 396;
constexpr double kChartHeight = 124;

/// One chart: its place, its values (one a bucket) and what a full height means.
struct Chart {
  double left;
  double top;
  const char* series;  // the class of its line and area
  std::string title;
  std::string figure;
  std::vector<double> values;
  double full;
  std::string full_label;
  double bears = 0;  // a dashed line over the slow stretch; 0: none
};

double x_of(const Chart& chart, Duration at, const DemoPlan& plan) {
  return chart.left + kChartWidth * to_seconds(at) / to_seconds(plan.length());
}

double y_of(const Chart& chart, double value) {
  return chart.top + kChartHeight * (1 - std::min(value / chart.full, 1.0));
}

std::string frame_svg(const Chart& chart, const DemoPlan& plan) {
  std::string out;
  const double slow_from = x_of(chart, plan.slow_from(), plan);
  const double slow_to = x_of(chart, plan.slow_to(), plan);
  out += format("<rect class='slow' x='%.1f' y='%.1f' width='%.1f' height='%.1f'/>\n", slow_from,
                chart.top, slow_to - slow_from, kChartHeight);
  out += format(
      "<text class='note' x='%.1f' y='%.1f' text-anchor='middle'>payments %.0f× slower"
      "</text>\n",
      (slow_from + slow_to) / 2, chart.top + kChartHeight + 15, plan.slow_factor);
  for (const double part : {0.0, 0.5, 1.0}) {
    const double y = chart.top + kChartHeight * (1 - part);
    out += format("<line class='%s' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>\n",
                  part == 0.0 ? "axis" : "grid", chart.left, y, chart.left + kChartWidth, y);
  }
  out += format("<text class='tick' x='%.1f' y='%.1f' text-anchor='end'>%s</text>\n",
                chart.left - 6, chart.top + 4, chart.full_label.c_str());
  out += format("<text class='tick' x='%.1f' y='%.1f' text-anchor='end'>0</text>\n", chart.left - 6,
                chart.top + kChartHeight + 4);
  const double end = chart.left + kChartWidth;
  out += format("<text class='tick' x='%.1f' y='%.1f'>0 s</text>\n", chart.left,
                chart.top + kChartHeight + 15);
  out += format("<text class='tick' x='%.1f' y='%.1f' text-anchor='end'>%.0f s</text>\n", end,
                chart.top + kChartHeight + 15, to_seconds(plan.length()));
  out += format("<text class='title' x='%.1f' y='%.1f'>%s</text>\n", chart.left, chart.top - 12,
                chart.title.c_str());
  out += format("<text class='figure %s-text' x='%.1f' y='%.1f' text-anchor='end'>%s</text>\n",
                chart.series, end, chart.top - 12, chart.figure.c_str());
  return out;
}

std::string chart_svg(const Chart& chart, const DemoPlan& plan, Duration bucket) {
  std::string out = frame_svg(chart, plan);
  std::string line;
  double x = chart.left;
  for (size_t i = 0; i < chart.values.size(); ++i) {
    x = x_of(chart, bucket * static_cast<int64_t>(i) + bucket / 2, plan);
    line += format("%s%.1f,%.1f", i == 0 ? "M" : " L", x, y_of(chart, chart.values[i]));
  }
  const double base = chart.top + kChartHeight;
  out += format("<path class='area %s' d='", chart.series) + line +
         format(" L%.1f,%.1f L%.1f,%.1f Z'/>\n", x, base, x_of(chart, bucket / 2, plan), base);
  out += format("<path class='line %s' d='", chart.series) + line + "'/>\n";
  if (chart.bears > 0) {
    const double y = y_of(chart, chart.bears);
    const double from = x_of(chart, plan.slow_from(), plan);
    const double to = x_of(chart, plan.slow_to(), plan);
    out +=
        format("<line class='bears' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>\n", from, y, to, y);
    out += format(
        "<text class='note' x='%.1f' y='%.1f' text-anchor='middle'>dashed: it can bear %.0f/s"
        "</text>\n",
        (from + to) / 2, chart.top + 15, chart.bears);
  }
  return out;
}

std::vector<double> shares(const LoadStats& stats, const DemoPlan& plan) {
  std::vector<double> values;
  const Duration step = stats.bucket_width();
  for (Duration from{}; from + step <= plan.length(); from += step) {
    values.push_back(answered_share(stats, from, from + step));
  }
  return values;
}

std::vector<double> rates(const LoadStats& stats, const DemoPlan& plan) {
  std::vector<double> values;
  const Duration step = stats.bucket_width();
  for (Duration from{}; from + step <= plan.length(); from += step) {
    values.push_back(answered_rate(stats, from, from + step));
  }
  return values;
}

std::string column_svg(const DemoResult& result, const DemoRun& run, double left,
                       const char* heading) {
  const DemoPlan& plan = result.plan;
  const double share = answered_share(run.catalogue, plan.slow_from(), plan.slow_to());
  const double sold = answered_rate(run.checkout, plan.slow_from(), plan.slow_to());
  const Chart catalogue{left,
                        92,
                        "catalogue",
                        "catalogue: visits answered in time",
                        format("%.0f %% while slow", 100 * share),
                        shares(run.catalogue, plan),
                        1,
                        "100 %",
                        0};
  const Chart checkout{left,
                       274,
                       "checkout",
                       "checkout: sold a second",
                       format("%.0f/s while slow", sold),
                       rates(run.checkout, plan),
                       plan.checkout_rate * 4 / 3,
                       format("%.0f/s", plan.checkout_rate * 4 / 3),
                       plan.degraded_capacity()};
  return format("<text class='heading' x='%.1f' y='40'>%s</text>\n", left, heading) +
         chart_svg(catalogue, plan, run.catalogue.bucket_width()) +
         chart_svg(checkout, plan, run.checkout.bucket_width());
}

constexpr const char* kSvgStyle =
    "<style>\n"
    ".weir-demo{--paper:#ffffff;--ink:#1f2328;--dim:#59636e;--grid:#d1d9e0;--slow:#fff1cf;"
    "--catalogue:#0969da;--checkout:#bc4c00}\n"
    "@media (prefers-color-scheme:dark){.weir-demo{--paper:#0d1117;--ink:#e6edf3;--dim:#9198a1;"
    "--grid:#30363d;--slow:#3b2e12;--catalogue:#6cb0ff;--checkout:#ffa657}}\n"
    ".weir-demo{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}\n"
    ".weir-demo .paper{fill:var(--paper)}\n"
    ".weir-demo text{fill:var(--ink)}\n"
    ".weir-demo .heading{font-size:19px;font-weight:600}\n"
    ".weir-demo .title{font-size:13px}\n"
    ".weir-demo .figure{font-size:15px;font-weight:600}\n"
    ".weir-demo .tick,.weir-demo .note{font-size:11px;fill:var(--dim)}\n"
    ".weir-demo .slow{fill:var(--slow)}\n"
    ".weir-demo .grid{stroke:var(--grid)}\n"
    ".weir-demo .axis{stroke:var(--dim)}\n"
    ".weir-demo .bears{stroke:var(--ink);stroke-dasharray:5 4}\n"
    ".weir-demo .line{fill:none;stroke-width:2;stroke-linejoin:round}\n"
    ".weir-demo .area{stroke:none;opacity:.16}\n"
    ".weir-demo .line.catalogue{stroke:var(--catalogue)}\n"
    ".weir-demo .line.checkout{stroke:var(--checkout)}\n"
    ".weir-demo .area.catalogue{fill:var(--catalogue)}\n"
    ".weir-demo .area.checkout{fill:var(--checkout)}\n"
    ".weir-demo .catalogue-text{fill:var(--catalogue)}\n"
    ".weir-demo .checkout-text{fill:var(--checkout)}\n"
    "</style>\n";

}  // namespace

std::string demo_svg(const DemoResult& result) {
  std::string out = format(
      "<svg xmlns='http://www.w3.org/2000/svg' class='weir-demo' viewBox='0 0 %.0f %.0f' "
      "role='img' "
      "aria-labelledby='weir-demo-title'>\n",
      kWidth, kHeight);
  const Duration from = result.plan.slow_from();
  const Duration to = result.plan.slow_to();
  out += format(
      "<title id='weir-demo-title'>One slow service: while payments is slow, catalogue answers "
      "%.0f %% of its visits without weir and %.0f %% with it</title>\n",
      100 * answered_share(result.without.catalogue, from, to),
      100 * answered_share(result.with.catalogue, from, to));
  out += kSvgStyle;
  out += format("<rect class='paper' width='%.0f' height='%.0f' rx='8'/>\n", kWidth, kHeight);
  out += column_svg(result, result.without, 60, "Without weir");
  out += column_svg(result, result.with, 540, "With weir before each service");
  return out + "</svg>\n";
}

}  // namespace weir::lab
