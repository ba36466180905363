// The demo's result as a table and a page. Pure: result in, text out.
#pragma once

#include <string>
#include <vector>

#include "lab/demo_result.h"

namespace weir::lab {

/// Both runs side by side, phase by phase, at most 80 columns.
std::string demo_table(const DemoResult& result);

/// A page with the picture, the claims and the table, without any external asset.
std::string demo_html(const DemoResult& result, const std::vector<Claim>& claims);

}  // namespace weir::lab
