// A report as one page: figures first, then a plot for each client and service.
#include "sim/chart.h"
#include "sim/report_rows.h"

namespace weir::sim {
namespace {

constexpr double kSlicesPerSecond = 10;

double seconds_of(Instant at) {
  return to_seconds(at - Instant{});
}

std::string table(const Rows& rows, const char* kind = "") {
  std::string out = std::string("<div class=\"scroll\"><table class=\"") + kind + "\">";
  for (size_t i = 0; i < rows.size(); ++i) {
    const char* tag = i == 0 ? "th" : "td";
    out += "<tr>";
    for (const std::string& cell : rows[i])
      out += std::string("<") + tag + ">" + escape_html(cell) + "</" + tag + ">";
    out += "</tr>";
  }
  return out + "</table></div>\n";
}

template <typename Values, typename Of>
std::vector<double> series(const Values& values, size_t count, const Of& of) {
  std::vector<double> out;
  for (size_t i = 0; i < std::min(count, values.size()); ++i) out.push_back(of(values[i]));
  return out;
}

class Page {
 public:
  explicit Page(const Report& report)
      : report_(report),
        seconds_(seconds_of(report.scenario.spec.end)),
        slices_(static_cast<size_t>((report.scenario.spec.end - Instant{}) / kSlice)) {
    for (const ServiceSpec& service : report.scenario.spec.services) add_spans(service);
  }

  std::string write() const {
    std::string out =
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
        escape_html(report_.scenario.name) + " · weir sim</title><style>" + chart_style() +
        "</style></head><body>\n<h1>" + escape_html(report_.scenario.name) +
        "</h1><p class=\"soft\">" + headline(report_) + "; shaded: faults</p>\n";
    out += "<h2>Verdict</h2><div class=\"scroll\"><table>";
    for (const Verdict& verdict : report_.verdicts)
      out += std::string("<tr><td class=\"") + (verdict.pass ? "pass\">PASS" : "miss\">MISS") +
             "</td><td class=\"claim\">" + escape_html(verdict.claim) + "</td><td>" +
             escape_html(verdict.found) + "</td></tr>";
    out += "</table></div>\n<h2>Clients</h2>\n" + table(client_rows(report_));
    out += "<div class=\"plots\">\n";
    for (const ClientResult& client : report_.result.clients)
      out += to_svg(rates_of(client)) + to_svg(latency_of(client));
    out += "</div>\n<h2>Services</h2>\n" + table(service_rows(report_));
    Rows refusals = refusal_rows(report_);
    if (!refusals.empty()) {
      refusals.insert(refusals.begin(), {"service", "refused, by reason"});
      out += table(refusals, "refused");
    }
    out += "<div class=\"plots\">\n";
    for (const ServiceResult& service : report_.result.services) out += to_svg(inside_of(service));
    return out + "</div></body></html>\n";
  }

 private:
  void add_spans(const ServiceSpec& service) {
    for (const Slowdown& slow : service.slowdowns)
      spans_.push_back({seconds_of(slow.begin), seconds_of(slow.end),
                        service.name + (slow.speed > 0 ? ": slow" : ": paused")});
    for (const FailureSpan& failure : service.failures)
      spans_.push_back(
          {seconds_of(failure.begin), seconds_of(failure.end), service.name + ": failing"});
    for (size_t i = 0; i + 1 < service.workers_steps.size(); i += 2)
      spans_.push_back({seconds_of(service.workers_steps[i].at),
                        seconds_of(service.workers_steps[i + 1].at),
                        service.name + ": fewer workers"});
    for (size_t i = 0; i + 1 < service.time_steps.size(); i += 2)
      spans_.push_back({seconds_of(service.time_steps[i].at),
                        seconds_of(service.time_steps[i + 1].at), service.name + ": other work"});
  }

  Chart chart(const std::string& title, const std::string& unit) const {
    Chart chart;
    chart.title = title;
    chart.unit = unit;
    chart.seconds = seconds_;
    chart.spans = spans_;
    return chart;
  }

  Chart rates_of(const ClientResult& client) const {
    const auto rate = [&](uint64_t Tally::*of) {
      return series(client.slices, slices_, [of](const Tally& tally) {
        return static_cast<double>(tally.*of) * kSlicesPerSecond;
      });
    };
    Chart rates = chart(client.name, "requests a second");
    rates.lines = {{"attempts", "grey", rate(&Tally::attempts), true},
                   {"refused", "amber", rate(&Tally::refused)},
                   {"timed out", "red", rate(&Tally::timed_out)},
                   {"good", "green", rate(&Tally::good)}};
    return rates;
  }

  Chart latency_of(const ClientResult& client) const {
    Chart latency = chart(client.name, "milliseconds to a good answer");
    const auto of = [&](float SliceLatency::*quantile) {
      return series(client.seen_by_slice, slices_, [quantile](const SliceLatency& slice) {
        return static_cast<double>(slice.*quantile) * 1e3;
      });
    };
    latency.lines = {{"p99", "violet", of(&SliceLatency::p99)},
                     {"p50", "blue", of(&SliceLatency::p50), true}};
    return latency;
  }

  Chart inside_of(const ServiceResult& service) const {
    const auto number = [](uint32_t value) { return static_cast<double>(value); };
    Chart inside = chart(service.name, "requests");
    inside.lines = {{"inside", "blue", series(service.inside_at_slice, slices_, number), true},
                    {"queued", "amber", series(service.queued_at_slice, slices_, number)},
                    {"limit", "green", series(service.limit_at_slice, slices_, number)}};
    return inside;
  }

  const Report& report_;
  double seconds_;
  size_t slices_;
  std::vector<ChartSpan> spans_;
};

}  // namespace

std::string to_html(const Report& report) {
  return Page(report).write();
}

}  // namespace weir::sim
