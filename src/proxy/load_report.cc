#include "proxy/load_report.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "http/h1_writer.h"

namespace weir::proxy {
namespace {

constexpr double kValueMax = 1e12;  // beyond it a number is a mistake

constexpr std::string_view kSkipped = " \t\"{},";

void take(LoadReport& report, std::string_view key, double value) noexcept {
  if (key == "rps_fractional") report.rps = value;
  if (key == "application_utilization") report.application_utilization = value;
  if (key == "cpu_utilization") report.cpu_utilization = value;
  if (key == "weir_credits" || key == "named_metrics.weir_credits")
    report.credits = static_cast<int64_t>(value);
}

}  // namespace

// One scanner for both forms: words before '=' or ':' are keys, numbers after it values, and the
// braces of a nested object only separate.
LoadReport parse_load_report(std::string_view header) noexcept {
  LoadReport report;
  if (header.starts_with("BIN")) return report;
  for (const std::string_view form : {"TEXT ", "JSON "})
    if (header.starts_with(form)) header.remove_prefix(form.size());
  while (true) {
    const size_t begin = header.find_first_not_of(kSkipped);
    if (begin == header.npos) return report;
    header.remove_prefix(begin);
    const size_t end = header.find_first_of("=:");
    if (end == header.npos) return report;
    std::string_view key = header.substr(0, end);
    key = key.substr(0, key.find_last_not_of(kSkipped) + 1);
    header.remove_prefix(end + 1);
    header.remove_prefix(std::min(header.find_first_not_of(" \t"), header.size()));
    double value = 0;
    const auto [rest, error] = std::from_chars(header.data(), header.data() + header.size(), value);
    if (error == std::errc() && value >= 0 && value <= kValueMax) take(report, key, value);
    header.remove_prefix(
        std::max<size_t>(static_cast<size_t>(rest - header.data()), header.empty() ? 0 : 1));
  }
}

void write_load_report(double utilization, uint32_t credits, LoadReportLine& out) noexcept {
  http::HeadWriter writer(out.text.data(), out.text.size());
  const auto percent = static_cast<uint64_t>(std::clamp(utilization, 0.0, 99.0) * 100 + 0.5);
  writer.append("endpoint-load-metrics: TEXT application_utilization=").append(percent / 100);
  writer.append(percent % 100 < 10 ? ".0" : ".").append(percent % 100);
  writer.append(",named_metrics.weir_credits=").append(uint64_t{credits}).append("\r\n");
  out.size = writer.size();
}

}  // namespace weir::proxy
