// `weir lab demo`: a shop that one slow service takes down, and the same shop with weir.
#pragma once

#include <string>

#include "lab/demo_plan.h"
#include "weir/base/expected.h"

namespace weir::lab {

struct DemoOptions {
  DemoPlan plan;
  std::string html_path;  ///< the report; empty: none
  std::string svg_path;   ///< the picture alone; empty: none
  std::string log_path;   ///< an existing folder for the logs of all processes; empty: not kept
  bool plain = false;     ///< lines instead of the screen, also on a terminal
};

/// Runs the story twice, shows it, judges it. True if every claim held. Every child has ended when
/// it returns. Errors: kInternal when the shop does not come up, kUnavailable when a file cannot be
/// written, or when it was interrupted.
Expected<bool> run_demo(const DemoOptions& options);

}  // namespace weir::lab
