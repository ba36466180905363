// The demo's result as a table, a picture and a page. Pure: result in, text out.
#pragma once

#include <string>
#include <vector>

#include "lab/demo_result.h"

namespace weir::lab {

/// Both runs side by side, phase by phase, at most 80 columns.
std::string demo_table(const DemoResult& result);

/// Four charts: catalogue and checkout, without weir and with it. A document of its own that needs
/// nothing else; follows the reader's light or dark setting.
std::string demo_svg(const DemoResult& result);

/// A page with the picture, the claims and the table, without any external asset.
std::string demo_html(const DemoResult& result, const std::vector<Claim>& claims);

}  // namespace weir::lab
