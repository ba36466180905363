// The demo's result as one picture. Pure: result in, SVG out.
#pragma once

#include <string>

#include "lab/demo_result.h"

namespace weir::lab {

/// Four charts: catalogue and checkout, without weir and with it. A document of its own that needs
/// nothing else; follows the reader's light or dark setting.
std::string demo_svg(const DemoResult& result);

}  // namespace weir::lab
