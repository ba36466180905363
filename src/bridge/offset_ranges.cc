#include "bridge/offset_ranges.h"

#include <algorithm>
#include <array>

#include "weir/base/assert.h"

namespace weir::bridge {
namespace {

// A later version that an older weir cannot read gets another prefix.
constexpr std::string_view kPrefix = "weir1.";
constexpr size_t kBytesMax = (kMetadataMax - kPrefix.size()) / 4 * 3;
constexpr size_t kCrcBytes = 4;

enum Kind : uint8_t { kBitmap = 1, kRuns = 2 };

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    table[i] = crc;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

uint32_t crc32(std::string_view bytes) {
  uint32_t crc = 0xffffffff;
  for (const char c : bytes) crc = kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xff] ^ crc >> 8;
  return ~crc;
}

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    for (held += 8; held >= 6; held -= 6) text += kAlphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) text += kAlphabet[bits << (6 - held) & 63];
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const char* found = std::find(kAlphabet, kAlphabet + 64, c);
    if (found == kAlphabet + 64) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(found - kAlphabet);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 255);
  }
  return bytes;
}

// LEB128.
void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

std::optional<uint64_t> get_varint(std::string_view& in) {
  uint64_t value = 0;
  for (int shift = 0; shift < 63 && !in.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(in.front());
    in.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

struct Runs {
  std::string bytes;
  bool whole = true;  // every range fitted
};

// Gap and length of one range after another.
Runs encode_runs(const OffsetRanges& ranges, int64_t base, size_t room) {
  Runs out;
  int64_t at = base;
  for (const OffsetRanges::Range& range : ranges.ranges()) {
    std::string run;
    put_varint(run, static_cast<uint64_t>(range.begin - at));
    put_varint(run, static_cast<uint64_t>(range.end - range.begin));
    if (out.bytes.size() + run.size() > room) return {out.bytes, false};
    out.bytes += run;
    at = range.end;
  }
  return out;
}

std::string encode_bitmap(const OffsetRanges& ranges, int64_t base, int64_t bits) {
  std::string out(static_cast<size_t>((bits + 7) / 8), '\0');
  for (const OffsetRanges::Range& range : ranges.ranges()) {
    const int64_t end = std::min(range.end - base, bits);
    for (int64_t i = range.begin - base; i < end; ++i)
      out[static_cast<size_t>(i / 8)] |= static_cast<char>(1 << (i % 8));
  }
  return out;
}

std::optional<OffsetRanges> decode_runs(std::string_view in, int64_t base) {
  OffsetRanges ranges;
  int64_t at = base;
  while (!in.empty()) {
    const auto gap = get_varint(in);
    const auto length = get_varint(in);
    if (!gap || !length || *length == 0) return std::nullopt;
    int64_t begin = 0;
    int64_t end = 0;
    if (__builtin_add_overflow(at, *gap, &begin) || __builtin_add_overflow(begin, *length, &end))
      return std::nullopt;
    ranges.add({begin, end});
    at = end;
  }
  return ranges;
}

OffsetRanges decode_bitmap(std::string_view in, int64_t base) {
  OffsetRanges ranges;
  for (size_t i = 0; i < in.size() * 8; ++i)
    if (in[i / 8] >> (i % 8) & 1) ranges.add(base + static_cast<int64_t>(i));
  return ranges;
}

}  // namespace

void OffsetRanges::add(Range range) {
  WEIR_ASSERT(range.begin < range.end);
  WEIR_ASSERT(ranges_.empty() || ranges_.back().end <= range.begin);
  if (!ranges_.empty() && ranges_.back().end == range.begin) {
    ranges_.back().end = range.end;
  } else {
    ranges_.push_back(range);
  }
}

bool OffsetRanges::take(int64_t offset) {
  const auto first = std::find_if(ranges_.begin(), ranges_.end(),
                                  [offset](const Range& range) { return offset < range.end; });
  ranges_.erase(ranges_.begin(), first);
  if (ranges_.empty() || offset < ranges_.front().begin) return false;
  ranges_.front().begin = offset + 1;
  if (ranges_.front().begin == ranges_.front().end) ranges_.erase(ranges_.begin());
  return true;
}

std::string encode_ranges(const OffsetRanges& ranges, int64_t base) {
  if (ranges.empty()) return {};
  std::string head;
  put_varint(head, static_cast<uint64_t>(base));
  const size_t room = kBytesMax - kCrcBytes - head.size() - 1;
  const Runs runs = encode_runs(ranges, base, room);
  const int64_t span = ranges.ranges().back().end - base;
  const auto bitmap_bytes = static_cast<uint64_t>(span + 7) / 8;
  const bool use_bitmap = bitmap_bytes <= room && (!runs.whole || bitmap_bytes < runs.bytes.size());
  std::string body = head;
  body += static_cast<char>(use_bitmap ? kBitmap : kRuns);
  body += use_bitmap ? encode_bitmap(ranges, base, span) : runs.bytes;
  const uint32_t crc = crc32(body);
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(crc >> shift & 255);
  return std::string(kPrefix) + to_base64(bytes + body);
}

std::optional<OffsetRanges> decode_ranges(std::string_view metadata, int64_t base) {
  if (!metadata.starts_with(kPrefix)) return std::nullopt;
  const auto bytes = from_base64(metadata.substr(kPrefix.size()));
  if (!bytes || bytes->size() <= kCrcBytes) return std::nullopt;
  uint32_t crc = 0;
  for (size_t i = 0; i < kCrcBytes; ++i) crc = crc << 8 | static_cast<uint8_t>((*bytes)[i]);
  std::string_view body = std::string_view(*bytes).substr(kCrcBytes);
  if (crc32(body) != crc) return std::nullopt;
  const auto written_for = get_varint(body);
  if (!written_for || *written_for != static_cast<uint64_t>(base) || body.empty())
    return std::nullopt;
  const char kind = body.front();
  body.remove_prefix(1);
  if (kind == kBitmap) return decode_bitmap(body, base);
  if (kind == kRuns) return decode_runs(body, base);
  return std::nullopt;
}

}  // namespace weir::bridge
