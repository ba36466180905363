#include "sim/report_rows.h"

#include <algorithm>

#include "sim/format.h"

namespace weir::sim {
namespace {

double ratio(uint64_t a, uint64_t b) {
  return b > 0 ? static_cast<double>(a) / static_cast<double>(b) : 0;
}

std::string quantile_of(const Histogram& seen, double q) {
  return seen.count() == 0 ? "-" : format_time(to_seconds(seen.quantile(q)));
}

std::string range_of(const std::vector<uint32_t>& values) {
  if (values.empty()) return "-";
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return *least == *most ? format_number(*most)
                         : format_number(*least) + " to " + format_number(*most);
}

}  // namespace

Rows client_rows(const Report& report) {
  const ScenarioSpec& spec = report.scenario.spec;
  const double seconds = to_seconds(spec.measure_end - spec.measure_begin);
  Rows rows{{"client", "offered/s", "good/s", "good", "refused", "timed out", "attempts", "p50",
             "p99", "p99.9", "recovery"}};
  for (const ClientResult& client : report.result.clients) {
    const Tally& tally = client.measured;
    const std::optional<double> recovery = recovery_seconds(report, client);
    rows.push_back({client.name, format_number(static_cast<double>(tally.offered) / seconds),
                    format_number(static_cast<double>(tally.good) / seconds),
                    format_percent(std::min(1.0, ratio(tally.good, tally.offered))),
                    format_percent(ratio(tally.refused, tally.attempts)),
                    format_percent(ratio(tally.timed_out, tally.attempts)),
                    format_number(ratio(tally.attempts, tally.offered)),
                    quantile_of(client.seen, 0.5), quantile_of(client.seen, 0.99),
                    quantile_of(client.seen, 0.999), recovery ? format_recovery(*recovery) : "-"});
  }
  return rows;
}

Rows service_rows(const Report& report) {
  Rows rows{{"service", "instances", "limit", "inside", "queued", "started", "for nobody"}};
  for (size_t i = 0; i < report.result.services.size(); ++i) {
    const ServiceResult& service = report.result.services[i];
    const auto& limits = service.limit_at_slice;
    const bool guarded = std::any_of(limits.begin(), limits.end(), [](auto n) { return n > 0; });
    rows.push_back({service.name, format_number(report.scenario.spec.services[i].instances),
                    guarded ? range_of(limits) : "none", range_of(service.inside_at_slice),
                    range_of(service.queued_at_slice),
                    format_number(static_cast<double>(service.started)),
                    format_percent(ratio(service.started_expired, service.started))});
  }
  return rows;
}

Rows refusal_rows(const Report& report) {
  Rows rows;
  for (const ServiceResult& service : report.result.services) {
    std::string text;
    for (size_t i = 0; i < service.refused_by_reason.size(); ++i) {
      const uint64_t count = service.refused_by_reason[i];
      if (count == 0) continue;
      text += (text.empty() ? "" : ", ") + std::string(to_string(static_cast<Reason>(i))) + " " +
              format_number(static_cast<double>(count));
    }
    if (!text.empty()) rows.push_back({service.name, text});
  }
  return rows;
}

std::string headline(const Report& report) {
  const ScenarioSpec& spec = report.scenario.spec;
  return format_time(to_seconds(spec.end - Instant{})) + ", seed " +
         std::to_string(report.scenario.seed) + ", " +
         format_number(static_cast<double>(report.result.events)) + " events";
}

}  // namespace weir::sim
