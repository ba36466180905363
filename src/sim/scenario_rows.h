// The keys of a scenario file for its reference page.
#pragma once

#include "config/table.h"

namespace weir::sim {

/// Every key with its type, default and meaning, in the order of the documentation.
config::Rows scenario_rows();

}  // namespace weir::sim
