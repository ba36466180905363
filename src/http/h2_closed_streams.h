// How streams ended that are gone: a frame for one of them is late, or wrong.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::http {

/// What is known of a stream number that was used, or skipped, before.
enum class H2Closed : uint8_t {
  kByBoth,   ///< both sides ended it, or the peer reset it: a further frame is an error
  kByUs,     ///< we reset it: frames may still be on their way (RFC 9113 §5.1)
  kNever,    ///< its number was skipped: it can never be opened any more
  kUnknown,  ///< too long ago
};

/// The last streams that closed, 64 of them: with at most 100 open at once, what is on its way
/// belongs to these. A value of 264 bytes; not thread-safe.
class H2ClosedStreams {
 public:
  void insert(int32_t id, bool by_us) noexcept {
    int32_t& slot = ring_[next_++ % ring_.size()];
    forgotten_max_ = std::max(forgotten_max_, slot < 0 ? -slot : slot);
    slot = by_us ? -id : id;
  }

  H2Closed find(int32_t id) const noexcept {
    for (int32_t slot : ring_) {
      if (slot == id) return H2Closed::kByBoth;
      if (slot == -id) return H2Closed::kByUs;
    }
    return id > forgotten_max_ ? H2Closed::kNever : H2Closed::kUnknown;
  }

 private:
  std::array<int32_t, 64> ring_ = {};  // negative: closed by us
  size_t next_ = 0;
  int32_t forgotten_max_ = 0;
};

}  // namespace weir::http
