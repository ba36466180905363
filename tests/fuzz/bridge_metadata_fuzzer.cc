// Commit metadata comes from the broker, where anybody in the group may have written it: whatever
// it says, reading it must not fail, and what is damaged must not pass for done. Input: one byte
// that says where to damage it, then pairs of gap and length of ranges; and the same bytes as a
// text.
#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/offset_tracker.h"
#include "weir/base/assert.h"

namespace weir::bridge {
namespace {

OffsetRanges ranges_of(std::string_view in, int64_t base) {
  OffsetRanges ranges;
  int64_t next = base;
  for (size_t i = 0; i + 1 < in.size(); i += 2) {
    const int64_t begin = next + static_cast<unsigned char>(in[i]);
    next = begin + static_cast<unsigned char>(in[i + 1]) + 1;
    ranges.add({begin, next});
  }
  return ranges;
}

// What comes back is what went in, from the bottom; the top may have been left out.
void check_way(const OffsetRanges& ranges, int64_t base, std::string_view text) {
  WEIR_ASSERT(text.size() <= kMetadataMax);
  if (ranges.empty()) return WEIR_ASSERT(text.empty());
  const auto read = decode_ranges(text, base);
  WEIR_ASSERT(read && read->ranges().size() <= ranges.ranges().size());
  for (size_t i = 0; i < read->ranges().size(); ++i) {
    const auto& mine = ranges.ranges()[i];
    const auto& theirs = read->ranges()[i];
    WEIR_ASSERT(theirs.begin == mine.begin && theirs.end <= mine.end);
  }
  WEIR_ASSERT(!decode_ranges(text, base + 1));
}

// Damage is noticed, or changes nothing (a bit that pads the last character).
void check_damage(std::string text, int64_t base, unsigned char where) {
  if (text.empty()) return;
  const auto whole = decode_ranges(text, base);
  text[where % text.size()] = static_cast<char>(text[where % text.size()] ^ (1 << where % 7));
  const auto read = decode_ranges(text, base);
  WEIR_ASSERT(!read || read->ranges() == whole->ranges());
}

// A tracker that was given any text does its work: only what the text says is done is skipped, and
// all the rest completes.
void check_tracker(std::string_view text, int64_t base) {
  OffsetTracker tracker;
  tracker.restore({base, std::string(text)});
  for (int64_t offset = base; offset < base + 64; ++offset)
    if (tracker.arrive(offset) == Arrived::kNew) tracker.complete(offset);
  WEIR_ASSERT(tracker.pending() == 0 && tracker.front() >= base + 64);
}

void check_all(std::string_view in) {
  constexpr int64_t kBase = 1'000'000;
  check_tracker(in, kBase);
  if (in.empty()) return;
  const OffsetRanges ranges = ranges_of(in.substr(1), kBase);
  const std::string text = encode_ranges(ranges, kBase);
  check_way(ranges, kBase, text);
  check_damage(text, kBase, static_cast<unsigned char>(in.front()));
  check_tracker(text, kBase);
}

}  // namespace
}  // namespace weir::bridge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::bridge::check_all({reinterpret_cast<const char*>(data), size});
  return 0;
}
