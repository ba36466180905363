#include "lab/demo_report.h"

#include <cstdarg>
#include <cstdio>

#include "lab/units.h"

namespace weir::lab {
namespace {

[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

struct Stretch {
  const char* name;
  Duration from;
  Duration to;
};

std::array<Stretch, 3> stretches(const DemoPlan& plan) {
  return {{{"all well", {}, plan.slow_from()},
           {"payments slow", plan.slow_from(), plan.slow_to()},
           {"payments healed", plan.slow_to(), plan.length()}}};
}

struct Row {
  std::string stretch;
  std::string route;
  std::string without_share, without_rate, with_share, with_rate;
};

std::vector<Row> rows(const DemoResult& result) {
  std::vector<Row> out;
  const auto add = [&out](const Stretch& stretch, const char* route, const LoadStats& without,
                          const LoadStats& with) {
    const auto share = [&](const LoadStats& stats) {
      return text("%.1f %%", 100 * answered_share(stats, stretch.from, stretch.to));
    };
    const auto rate = [&](const LoadStats& stats) {
      return text("%.0f/s", answered_rate(stats, stretch.from, stretch.to));
    };
    out.push_back({stretch.name, route, share(without), rate(without), share(with), rate(with)});
  };
  for (const Stretch& stretch : stretches(result.plan)) {
    add(stretch, "catalogue", result.without.catalogue, result.with.catalogue);
    add(stretch, "checkout", result.without.checkout, result.with.checkout);
  }
  return out;
}

// ---- The picture ----------------------------------------------------------------------------

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
  out += text("<rect class='slow' x='%.1f' y='%.1f' width='%.1f' height='%.1f'/>\n", slow_from,
              chart.top, slow_to - slow_from, kChartHeight);
  out += text(
      "<text class='note' x='%.1f' y='%.1f' text-anchor='middle'>payments %.0f× slower"
      "</text>\n",
      (slow_from + slow_to) / 2, chart.top + kChartHeight + 15, plan.slow_factor);
  for (const double part : {0.0, 0.5, 1.0}) {
    const double y = chart.top + kChartHeight * (1 - part);
    out += text("<line class='%s' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>\n",
                part == 0.0 ? "axis" : "grid", chart.left, y, chart.left + kChartWidth, y);
  }
  out += text("<text class='tick' x='%.1f' y='%.1f' text-anchor='end'>%s</text>\n", chart.left - 6,
              chart.top + 4, chart.full_label.c_str());
  out += text("<text class='tick' x='%.1f' y='%.1f' text-anchor='end'>0</text>\n", chart.left - 6,
              chart.top + kChartHeight + 4);
  const double end = chart.left + kChartWidth;
  out += text("<text class='tick' x='%.1f' y='%.1f'>0 s</text>\n", chart.left,
              chart.top + kChartHeight + 15);
  out += text("<text class='tick' x='%.1f' y='%.1f' text-anchor='end'>%.0f s</text>\n", end,
              chart.top + kChartHeight + 15, to_seconds(plan.length()));
  out += text("<text class='title' x='%.1f' y='%.1f'>%s</text>\n", chart.left, chart.top - 12,
              chart.title.c_str());
  out += text("<text class='figure %s-text' x='%.1f' y='%.1f' text-anchor='end'>%s</text>\n",
              chart.series, end, chart.top - 12, chart.figure.c_str());
  return out;
}

std::string chart_svg(const Chart& chart, const DemoPlan& plan, Duration bucket) {
  std::string out = frame_svg(chart, plan);
  std::string line;
  double x = chart.left;
  for (size_t i = 0; i < chart.values.size(); ++i) {
    x = x_of(chart, bucket * static_cast<int64_t>(i) + bucket / 2, plan);
    line += text("%s%.1f,%.1f", i == 0 ? "M" : " L", x, y_of(chart, chart.values[i]));
  }
  const double base = chart.top + kChartHeight;
  out += text("<path class='area %s' d='", chart.series) + line +
         text(" L%.1f,%.1f L%.1f,%.1f Z'/>\n", x, base, x_of(chart, bucket / 2, plan), base);
  out += text("<path class='line %s' d='", chart.series) + line + "'/>\n";
  if (chart.bears > 0) {
    const double y = y_of(chart, chart.bears);
    const double from = x_of(chart, plan.slow_from(), plan);
    const double to = x_of(chart, plan.slow_to(), plan);
    out += text("<line class='bears' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>\n", from, y, to, y);
    out += text(
        "<text class='note' x='%.1f' y='%.1f' text-anchor='middle'>dashed: what payments can bear, "
        "%.0f/s"
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
                        text("%.0f %% while slow", 100 * share),
                        shares(run.catalogue, plan),
                        1,
                        "100 %",
                        0};
  const Chart checkout{left,
                       274,
                       "checkout",
                       "checkout: sold a second",
                       text("%.0f/s while slow", sold),
                       rates(run.checkout, plan),
                       plan.checkout_rate * 1.25,
                       text("%.0f/s", plan.checkout_rate * 1.25),
                       plan.degraded_capacity()};
  return text("<text class='heading' x='%.1f' y='40'>%s</text>\n", left, heading) +
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

// ---- The page -------------------------------------------------------------------------------

constexpr const char* kPageStyle =
    "<style>\n"
    ":root{color-scheme:light dark}\n"
    "body{max-width:960px;margin:2rem auto;padding:0 1rem;line-height:1.5;"
    "font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;"
    "color:#1f2328;background:#ffffff}\n"
    "table{border-collapse:collapse;margin:1rem 0;width:100%}\n"
    "th,td{padding:.35rem .7rem;text-align:right;border-bottom:1px solid #d1d9e0}\n"
    "th:first-child,td:first-child,.words{text-align:left}\n"
    ".pass{color:#1a7f37;font-weight:600}.fail{color:#d1242f;font-weight:600}\n"
    "svg{width:100%;height:auto}pre{overflow-x:auto}\n"
    "@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}"
    "th,td{border-color:#30363d}.pass{color:#3fb950}.fail{color:#f85149}}\n"
    "</style>\n";

std::string claims_html(const std::vector<Claim>& claims) {
  std::string out =
      "<table>\n<tr><th>Claim</th><th>Measured</th><th>Bound</th><th>Verdict</th></tr>\n";
  for (const Claim& claim : claims) {
    std::string bound = claim.bound;
    if (const size_t less = bound.find('<'); less != std::string::npos) {
      bound.replace(less, 1, "&lt;");
    }
    out += "<tr><td>" + claim.sentence + "</td><td>" + claim.figure + "</td><td>" + bound;
    out += claim.held ? "</td><td class='pass'>✓ PASS</td></tr>\n"
                      : "</td><td class='fail'>✗ FAIL</td></tr>\n";
  }
  return out + "</table>\n";
}

std::string rows_html(const DemoResult& result) {
  std::string out =
      "<table>\n<tr><th>Stretch</th><th class='words'>Visits</th><th colspan='2'>without weir</th>"
      "<th colspan='2'>with weir</th></tr>\n";
  for (const Row& row : rows(result)) {
    out += "<tr><td>" + row.stretch + "</td><td class='words'>" + row.route + "</td><td>" +
           row.without_share + "</td><td>" + row.without_rate + "</td><td>" + row.with_share +
           "</td><td>" + row.with_rate + "</td></tr>\n";
  }
  return out + "</table>\n";
}

}  // namespace

std::string demo_table(const DemoResult& result) {
  std::string out = text("%-16s %-10s %21s %21s\n", "", "", "without weir", "with weir");
  for (const Row& row : rows(result)) {
    out += text("%-16s %-10s %12s %8s %12s %8s\n", row.stretch.c_str(), row.route.c_str(),
                row.without_share.c_str(), row.without_rate.c_str(), row.with_share.c_str(),
                row.with_rate.c_str());
  }
  return out;
}

std::string demo_svg(const DemoResult& result) {
  std::string out = text(
      "<svg xmlns='http://www.w3.org/2000/svg' class='weir-demo' viewBox='0 0 %.0f %.0f' "
      "role='img' "
      "aria-labelledby='weir-demo-title'>\n",
      kWidth, kHeight);
  const Duration from = result.plan.slow_from();
  const Duration to = result.plan.slow_to();
  out += text(
      "<title id='weir-demo-title'>One slow service: while payments is slow, catalogue answers "
      "%.0f %% of its visits without weir and %.0f %% with it</title>\n",
      100 * answered_share(result.without.catalogue, from, to),
      100 * answered_share(result.with.catalogue, from, to));
  out += kSvgStyle;
  out += text("<rect class='paper' width='%.0f' height='%.0f' rx='8'/>\n", kWidth, kHeight);
  out += column_svg(result, result.without, 60, "Without weir");
  out += column_svg(result, result.with, 540, "With weir before each service");
  return out + "</svg>\n";
}

std::string demo_html(const DemoResult& result, const std::vector<Claim>& claims) {
  const DemoPlan& plan = result.plan;
  std::string out =
      "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
      "<meta name='viewport' content='width=device-width'>\n"
      "<title>weir lab demo</title>\n";
  out += kPageStyle;
  out += "</head>\n<body>\n<h1>One slow service, and the shop around it</h1>\n<p>";
  out += text(
      "Clients visit the catalogue %.0f times and the checkout %.0f times a second. They wait %s, "
      "then try again, twice. After %.0f s payments becomes %.0f times slower, and %.0f s later it "
      "heals. Each service is a process with a bounded pool of workers, and a worker is held while "
      "it waits for another service.",
      plan.catalogue_rate, plan.checkout_rate, format_duration(plan.patience).c_str(),
      to_seconds(plan.slow_from()), plan.slow_factor, to_seconds(plan.slow));
  out += "</p>\n<pre>clients → gateway → { catalogue, checkout → { inventory, payments } }</pre>\n";
  out += demo_svg(result);
  out += "<h2>Claims</h2>\n" + claims_html(claims);
  out +=
      "<h2>Figures</h2>\n<p>The share of visits answered in time, retries included, and answers a "
      "second.</p>\n" +
      rows_html(result);
  out +=
      "<p>With weir means <code>weir proxy --listen ADDR --to URL --admin ADDR</code> before each "
      "of "
      "the five services, and nothing else: no limit, no time-out, no rule was set.</p>\n";
  return out + "</body>\n</html>\n";
}

}  // namespace weir::lab
