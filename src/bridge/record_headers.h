// The headers by which a record tells, in a retry or dead-letter topic, where it came from and what
// happened to it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bridge/record.h"

namespace weir::bridge {

/// weir-origin-topic, weir-origin-partition, weir-origin-offset, weir-group, weir-attempts,
/// weir-not-before (milliseconds since 1970) and weir-error.
std::vector<Record::Header> bookkeeping_headers(const Record& record, const std::string& group);

/// What reading them back tells.
enum class Bookkeeping : uint8_t {
  kOurs,     ///< written by this group
  kForeign,  ///< written by another group that shares the topic: not ours to deliver
  kNone,     ///< not written by a bridge, or damaged: a record like any other
};

/// Moves our headers out of `record.headers` into the record's fields. Numbers that cannot be read
/// leave their field as it is.
Bookkeeping take_bookkeeping(Record& record, const std::string& group);

}  // namespace weir::bridge
