// `weir lab demo --kafka`: a topic feeds a service that turns slow, at exactly the pace it bears.
#pragma once

#include <string>

#include "lab/kafka_demo_result.h"
#include "weir/base/expected.h"

namespace weir::lab {

struct KafkaDemoOptions {
  KafkaDemoPlan plan;
  std::string log_path;  ///< an existing folder for the logs of all processes; empty: not kept
  bool plain = false;    ///< lines instead of the screen, also on a terminal
};

/// Plays the story on a mock cluster, shows it, judges it. True if every claim held. Every child
/// has ended when it returns. Errors: kInternal when the stage does not come up, kUnavailable when
/// it was interrupted.
Expected<bool> run_kafka_demo(const KafkaDemoOptions& options);

}  // namespace weir::lab
