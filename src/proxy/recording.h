// Recording: the file format of what the control laws were shown and what they decided.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "weir/base/expected.h"
#include "weir/policy/limiter.h"

namespace weir::proxy {

/// Format, version 1. All integers little-endian; `varint` is LEB128, signed ones zigzag-coded.
///
///   file   = "WEIRREC\n" u32 version, then entries until the end
///   entry  = u32 length, u32 crc, payload of that length; crc is CRC-32 (IEEE) of the payload
///   payload= u8 type, then the fields of the type; what follows them is left unread, so that later
///            versions can add fields
///
/// Type 1, an upstream: varint id, text name, text law, varint limit_min, varint limit_max, varint
/// limit in force, varint wall clock in ns, u8 whether the law is at its very beginning.
/// Type 2, a decision: see RecordedDecision; times as differences to the window's end.
/// Type 3, a gap: varint count of decisions that were lost because the disk was too slow.
/// A text is a varint length and its bytes.
///
/// The last entry may be cut short: the process was killed while it wrote. Anything else that does
/// not fit is damage.
inline constexpr std::string_view kRecordingMagic = "WEIRREC\n";
inline constexpr uint32_t kRecordingVersion = 1;

/// Bytes of one payload, at most; a full histogram with all counters takes a quarter of it.
inline constexpr uint32_t kRecordingEntryMax = 64 * 1024;

struct RecordedUpstream {
  uint32_t id = 0;
  std::string name;
  std::string law;
  uint32_t limit_min = 1;
  uint32_t limit_max = 1000;
  uint32_t limit = 1;
  int64_t wall_ns = 0;         ///< since 1970, when this entry was written
  bool from_the_start = true;  ///< no decision came before
};

struct RecordedDecision {
  uint32_t upstream = 0;
  WindowStats window;
  LimitMove move;
};

struct RecordedGap {
  uint64_t lost = 0;
};

using RecordedEntry = std::variant<RecordedUpstream, RecordedDecision, RecordedGap>;

// Each appends to `out`; no errors.
void append_recording_header(std::string& out);
void append_entry(std::string& out, const RecordedUpstream& upstream);
void append_entry(std::string& out, uint32_t upstream, const LimitChange& change);
void append_entry(std::string& out, const RecordedGap& gap);

/// Reads entries one after the other, because a decoded window takes 8 KiB and a recorded one 150
/// bytes. Not thread-safe.
class RecordingReader {
 public:
  /// `bytes` is the whole file and outlives the reader. Errors (kConfig): not a recording, or one
  /// of a later version.
  static Expected<RecordingReader> open(std::string_view bytes);

  /// The next entry, nothing at the end. Errors (kConfig): damage, with its place.
  Expected<std::optional<RecordedEntry>> next();

  /// Whether the file ended in the middle of an entry.
  bool cut_short() const noexcept { return cut_short_; }

 private:
  explicit RecordingReader(std::string_view bytes) : bytes_(bytes) {}
  Unexpected<Error> damaged(const char* what) const;

  std::string_view bytes_;
  size_t at_ = 0;
  bool cut_short_ = false;
};

}  // namespace weir::proxy
