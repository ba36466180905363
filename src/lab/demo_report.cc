#include "lab/demo_report.h"

#include "lab/demo_picture.h"
#include "lab/format.h"
#include "lab/units.h"

namespace weir::lab {
namespace {

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
      return format("%.1f %%", 100 * answered_share(stats, stretch.from, stretch.to));
    };
    const auto rate = [&](const LoadStats& stats) {
      return format("%.0f/s", answered_rate(stats, stretch.from, stretch.to));
    };
    out.push_back({stretch.name, route, share(without), rate(without), share(with), rate(with)});
  };
  for (const Stretch& stretch : stretches(result.plan)) {
    add(stretch, "catalogue", result.without.catalogue, result.with.catalogue);
    add(stretch, "checkout", result.without.checkout, result.with.checkout);
  }
  return out;
}

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
  std::string out = format("%-16s %-10s %21s %21s\n", "", "", "without weir", "with weir");
  for (const Row& row : rows(result)) {
    out += format("%-16s %-10s %12s %8s %12s %8s\n", row.stretch.c_str(), row.route.c_str(),
                  row.without_share.c_str(), row.without_rate.c_str(), row.with_share.c_str(),
                  row.with_rate.c_str());
  }
  return out;
}

std::string demo_html(const DemoResult& result, const std::vector<Claim>& claims) {
  const DemoPlan& plan = result.plan;
  std::string out =
      "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
      "<meta name='viewport' content='width=device-width'>\n"
      "<title>weir lab demo</title>\n";
  out += kPageStyle;
  out += "</head>\n<body>\n<h1>One slow service, and the shop around it</h1>\n<p>";
  out += format(
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
