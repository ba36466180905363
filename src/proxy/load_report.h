// LoadReport: what a service says of its load on its answers (ORCA), read and written.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::proxy {

/// Values of the header endpoint-load-metrics. Negative: not told.
struct LoadReport {
  double rps = -1;                      ///< rps_fractional
  double application_utilization = -1;  ///< 1 is full; may exceed it
  double cpu_utilization = -1;
  int64_t credits = -1;  ///< named_metrics.weir_credits: requests that it takes beyond those it has

  /// The application's own word first, then the CPU's.
  double utilization() const noexcept {
    return application_utilization >= 0 ? application_utilization : cpu_utilization;
  }
};

/// Reads "TEXT key=value,…" and "JSON {…}"; what it does not know is passed over, and so is a BIN
/// report. Any bytes are safe.
LoadReport parse_load_report(std::string_view header) noexcept;

/// A header line with CRLF: endpoint-load-metrics in TEXT with the utilization and the credits.
struct LoadReportLine {
  std::array<char, 128> text;
  size_t size = 0;

  std::string_view view() const noexcept { return {text.data(), size}; }
};
void write_load_report(double utilization, uint32_t credits, LoadReportLine& out) noexcept;

}  // namespace weir::proxy
