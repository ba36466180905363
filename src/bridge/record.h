// Record: one Kafka record on its way to the service, owned by the bridge and by nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/time.h"

namespace weir::bridge {

/// Retry topics a bridge can have. Three delays span seconds to hours; a fourth is room.
inline constexpr int kTiersMax = 4;

/// Where a record was first read: constant through all retries.
struct Origin {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
};

/// A copy of the record's bytes. A librdkafka message would pin the whole fetch response it came
/// in, and no byte budget could tell how much that is.
struct Record {
  using Header = std::pair<std::string, std::string>;

  uint32_t group = 0;  ///< the assignment it was read under, see Pipeline
  int tier = 0;        ///< where it was read: 0 the topic itself, then the retry topics
  int64_t offset = 0;  ///< there
  Origin origin;

  std::string key;
  std::string value;
  bool has_key = false;
  bool has_value = false;  ///< false for a tombstone
  int64_t timestamp_ms = 0;
  std::vector<Header> headers;  ///< the producer's own, without the bridge's

  int attempts = 0;           ///< deliveries that failed by the record's own fault
  int64_t not_before_ms = 0;  ///< wall clock; 0: at once
  std::string error;          ///< how the last attempt ended

  uint32_t generation = 0;  // OffsetTracker's, at its arrival; Pipeline's own

  /// Tells partitions and tiers apart within the process.
  uint32_t source() const noexcept { return group * (kTiersMax + 1) + static_cast<uint32_t>(tier); }

  // KeyLanes' own.
  uint64_t lane = 0;
  Record* next = nullptr;  // behind it in its lane
  Instant due{};           // not handed out before
  /// What holding it costs, in bytes: the payload and a bound for the rest.
  size_t bytes() const noexcept {
    size_t sum = kOverhead + key.size() + value.size();
    for (const Header& header : headers) sum += header.first.size() + header.second.size();
    return sum;
  }

  /// This struct, its lane, its place in the tracker, and allocator slack.
  static constexpr size_t kOverhead = 512;
};

}  // namespace weir::bridge
