#include "docs_keys.h"

#include <cstdio>

#include "proxy/config_file.h"
#include "sim/scenario_rows.h"

namespace weir::cli {
namespace {

void append_rows(std::string& page, const config::Rows& rows) {
  page += "| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const config::Row& row : rows) {
    page += "| `" + row.path + "` | " + cell(row.type) + " | ";
    if (!row.fallback.empty())
      page += row.fallback == "(required)" ? "required" : "`" + cell(row.fallback) + "`";
    page += " | " + cell(row.doc) + " |\n";
  }
}

}  // namespace

std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

int print_configuration() {
  std::string page = kGenerated;
  page +=
      "# Configuration\n\nThe keys of the file for `weir run`. Units are mandatory; unknown and "
      "duplicate keys "
      "are errors. `NAME`\nstands for a name of your own, `[]` for an item of a list. "
      "`weir check FILE` tells all mistakes at once, and\n`weir schema` prints this as a JSON "
      "schema. "
      "How to write one: [Configure routes and bulkheads](../howto/configure.md).\n\n";
  append_rows(page, proxy::config_rows());
  std::fputs(page.c_str(), stdout);
  return 0;
}

int print_scenario() {
  std::string page = kGenerated;
  page +=
      "# Scenario files\n\nThe keys of a file for `weir sim`. Units are mandatory; unknown and "
      "duplicate keys are errors. `NAME` stands\nfor a name of your own, `[]` for an item of a "
      "list. `weir sim schema` prints this as a JSON schema. How to\nwrite one: "
      "[Try a change before your users do](../tutorial/simulate.md).\n\n";
  append_rows(page, sim::scenario_rows());
  std::fputs(page.c_str(), stdout);
  return 0;
}

}  // namespace weir::cli
