// `weir lab demo --kafka` while it runs: a screen of 80 by 24, or plain lines. Pure.
#pragma once

#include <string>

#include "lab/demo_paint.h"
#include "lab/kafka_demo_result.h"

namespace weir::lab {

/// At most 23 lines of at most 79 columns, each ended by a newline. `so_far` has a sample at least.
std::string kafka_demo_screen(const KafkaDemoResult& so_far, ViewStyle style);

/// One line for logs and pipes, without the newline.
std::string kafka_demo_line(const KafkaDemoResult& so_far);

/// What happens now, in one sentence.
std::string kafka_demo_sentence(const KafkaDemoResult& so_far);

}  // namespace weir::lab
