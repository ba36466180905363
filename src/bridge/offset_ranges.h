// OffsetRanges: offsets that are done, and their form in a commit's metadata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::bridge {

/// Rising, disjoint ranges of offsets. Not thread-safe.
class OffsetRanges {
 public:
  /// [begin, end)
  struct Range {
    int64_t begin;
    int64_t end;
    friend bool operator==(const Range&, const Range&) = default;
  };

  /// Not below what was added before; touching ranges join.
  void add(Range range);
  void add(int64_t offset) { add({offset, offset + 1}); }

  /// Whether the offset is in; forgets everything up to it. For lookups in rising order.
  bool take(int64_t offset);

  void clear() noexcept { ranges_.clear(); }
  bool empty() const noexcept { return ranges_.empty(); }
  const std::vector<Range>& ranges() const noexcept { return ranges_; }

 private:
  std::vector<Range> ranges_;
};

/// Characters a commit's metadata may have: the default of the broker's offset.metadata.max.bytes.
inline constexpr size_t kMetadataMax = 4096;

/// The metadata for a commit at `base` (not above the first range): "weir1." and base64url of
/// CRC-32, base, kind, and either a bitmap or run lengths, whichever is shorter. Ranges that do not
/// fit any more are left out, the highest first: they are then delivered again. Empty for no
/// ranges.
std::string encode_ranges(const OffsetRanges& ranges, int64_t base);

/// The reverse. Nothing when the text is not ours, is damaged, of a later version, or was written
/// for another base: an operator who resets a group's offsets may leave the old metadata behind.
std::optional<OffsetRanges> decode_ranges(std::string_view metadata, int64_t base);

}  // namespace weir::bridge
