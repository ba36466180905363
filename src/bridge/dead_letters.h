// Dead letters: what lies in a bridge's dead-letter topic, and how it gets back.
#pragma once

#include <functional>

#include "bridge/options.h"
#include "bridge/record.h"
#include "weir/base/expected.h"

namespace weir::bridge {

/// Where reading begins.
enum class DeadLettersFrom : uint8_t {
  kUnplayed,   ///< after the last replay
  kBeginning,  ///< everything that retention has left
};

/// Reads this group's dead letters up to the present end, partition by partition in no order, and
/// gives each to `take`: origin, attempts and error are set, `partition` and `offset` say where it
/// lies. Returns how many. Blocks. Errors: kUnavailable, kConfig.
Expected<size_t> read_dead_letters(
    const BridgeOptions& options, DeadLettersFrom from,
    const std::function<void(const Record& record, int32_t partition)>& take);

/// Writes the dead letters that were not replayed yet to the topic and partition they came from,
/// behind what is there, without the bookkeeping headers: their attempts begin anew. When all are
/// durable the position is remembered (committed for the group "<group>.dlq"), so that a second
/// replay begins after them; if one fails nothing is remembered, and another replay repeats all.
/// Returns how many. Blocks. Errors: kUnavailable, kConfig.
Expected<size_t> replay_dead_letters(const BridgeOptions& options);

}  // namespace weir::bridge
