// The demo while it runs: a screen of 80 by 24, or plain lines. Pure: state in, text out.
#pragma once

#include <string>
#include <vector>

#include "lab/demo_paint.h"
#include "lab/demo_plan.h"
#include "lab/load_stats.h"

namespace weir::lab {

/// What one service, and the weir before it, say about themselves.
struct Gauge {
  std::string name;
  uint64_t workers = 0;
  uint64_t busy = 0;
  uint64_t queued = 0;
  // Of weir; zero in a run without it.
  uint64_t limit = 0;
  double refused_per_second = 0;
};

/// One moment of a run.
struct DemoFrame {
  const DemoPlan& plan;
  bool with_weir = false;
  Duration at{};  ///< since the load began
  const LoadStats& catalogue;
  const LoadStats& checkout;
  std::vector<Gauge> gauges;  ///< in the order of kShop
};

/// At most 23 lines of at most 79 columns, each ended by a newline.
std::string demo_screen(const DemoFrame& frame, ViewStyle style);

/// One line for logs and pipes, without the newline.
std::string demo_line(const DemoFrame& frame);

/// What happens now, in one sentence, from the figures of the last second.
std::string demo_sentence(const DemoFrame& frame);

}  // namespace weir::lab
