// ParkedKeys: which keys have records in a retry topic, so that their later records follow them.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <unordered_map>

#include "bridge/record.h"

namespace weir::bridge {

/// The retry topics of one partition. A key is parked above tier t while a retry topic beyond t
/// holds a record of it that is not done. A record of a key that is parked above its own tier is
/// not delivered but moved to the next tier: every tier is FIFO and records only move up, so a
/// key's records never overtake each other.
///
/// A record in a retry topic is heard of twice, when the bridge writes it (announced) and when it
/// reads it back (arrived), in either order, and is counted once. After a restart only the second
/// happens, which is how the state is rebuilt.
///
/// Memory: 40 bytes a parked key and 16 a record written and not yet read back. Not thread-safe.
class ParkedKeys {
 public:
  /// The delivery report of a record moved to `tier`. `read_next` is the offset that will be read
  /// next from there: below it the record has arrived already.
  void announced(int tier, int64_t offset, uint64_t key, int64_t read_next);

  /// A record was read back from `tier`.
  void arrived(int tier, int64_t offset, uint64_t key);

  /// A record that had arrived from `tier` is done: delivered, or durable further on.
  void left(int tier, uint64_t key);

  /// Whether records of the key wait in a tier beyond `tier`.
  bool parked_above(int tier, uint64_t key) const noexcept;

  size_t size() const noexcept { return keys_.size(); }

 private:
  using Counts = std::array<uint32_t, kTiersMax>;
  struct Announcement {
    int64_t offset;
    uint64_t key;
  };

  std::unordered_map<uint64_t, Counts> keys_;
  std::array<std::deque<Announcement>, kTiersMax> announced_;  // not yet read back; rising offsets
};

}  // namespace weir::bridge
