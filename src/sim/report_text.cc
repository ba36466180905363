// A report as a table for people.
#include <algorithm>

#include "sim/report_rows.h"

namespace weir::sim {
namespace {

// Columns as wide as their widest cell; the first to the left, the others to the right.
std::string aligned(const Rows& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - row[i].size(), ' ');
      out += i == 0 ? row[i] + gap : "  " + gap + row[i];
    }
    out += '\n';
  }
  return out;
}

}  // namespace

std::string to_text(const Report& report) {
  std::string text = report.scenario.name + ": " + headline(report) + "\n\n";
  text += aligned(client_rows(report)) + "\n" + aligned(service_rows(report)) + "\n";
  const Rows refusals = refusal_rows(report);
  if (!refusals.empty()) text += "refused\n";
  for (const auto& row : refusals) text += "  " + row[0] + ": " + row[1] + "\n";
  if (!refusals.empty()) text += "\n";
  for (const Verdict& verdict : report.verdicts)
    text += (verdict.pass ? "PASS  " : "MISS  ") + verdict.claim + ": " + verdict.found + "\n";
  return text;
}

}  // namespace weir::sim
