// Random pipelines, each with the list that says what must come out of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "property/streams/checked.h"
#include "weir/base/rng.h"
#include "weir/streams/flow.h"
#include "weir/streams/scheduler.h"

namespace weir::streams {

/// How much is known about what comes out.
enum class Certainty : uint8_t {
  kSequence,  ///< exactly these items in this order
  kMultiset,  ///< exactly these items in some order
  kCount,     ///< so many items
  kAnything,  ///< some items were dropped, as the pipeline asked for
};

struct Pipeline {
  Flow<int64_t> flow;
  std::vector<int64_t> items;  ///< by the list
  Certainty certainty = Certainty::kSequence;
  bool fails = false;  ///< ends with the source's error, after the items
  std::string text;    ///< for the reader of a failure
};

/// A source and one to seven operators, with a Checked stage between every two. The same seed gives
/// the same pipeline.
Pipeline random_pipeline(Rng& rng, TimedScheduler& scheduler,
                         const std::shared_ptr<Report>& report);

/// The error that failing sources signal.
const StreamError& source_error();

}  // namespace weir::streams
