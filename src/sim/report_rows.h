// The tables of a report as rows of cells, for text and HTML alike.
#pragma once

#include <string>
#include <vector>

#include "sim/report.h"

namespace weir::sim {

/// The first row is the head; a cell of the first column is a name, the others are figures.
using Rows = std::vector<std::vector<std::string>>;

Rows client_rows(const Report& report);
Rows service_rows(const Report& report);

/// By service that refused anything: its name, and what it refused by reason.
Rows refusal_rows(const Report& report);

/// "60 s, seed 1, 1,234,567 events".
std::string headline(const Report& report);

}  // namespace weir::sim
