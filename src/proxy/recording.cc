#include "proxy/recording.h"

#include <array>
#include <bit>
#include <cmath>

namespace weir::proxy {
namespace {

enum class Type : uint8_t { kUpstream = 1, kDecision = 2, kGap = 3 };

constexpr size_t kEntryHead = 8;
constexpr size_t kFileHead = 12;
constexpr size_t kNameMax = 1024;
constexpr size_t kFigures = 4;

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? value >> 1 ^ 0xEDB88320u : value >> 1;
    table[i] = value;
  }
  return table;
}
constexpr auto kCrcTable = crc_table();

uint32_t crc32(std::string_view bytes) noexcept {
  uint32_t crc = ~0u;
  for (const char c : bytes)
    crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

void put_u32(std::string& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xFF);
}
void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
void put_signed(std::string& out, int64_t value) {
  put_varint(out, static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
}
void put_double(std::string& out, double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  put_u32(out, static_cast<uint32_t>(bits));
  put_u32(out, static_cast<uint32_t>(bits >> 32));
}
void put_text(std::string& out, std::string_view text) {
  text = text.substr(0, kNameMax);
  put_varint(out, text.size());
  out += text;
}

uint32_t u32_at(std::string_view bytes, size_t at) noexcept {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i)
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << 8 * i;
  return value;
}

/// Takes fields off a payload; after one that does not fit, `ok` is false and all are zero.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const noexcept { return ok_; }

  uint8_t byte() noexcept {
    if (!need(1)) return 0;
    const auto value = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return value;
  }
  uint64_t varint() noexcept {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t part = byte();
      value |= static_cast<uint64_t>(part & 0x7F) << shift;
      if ((part & 0x80) == 0) return ok_ ? value : 0;
    }
    ok_ = false;
    return 0;
  }
  uint32_t u32() noexcept {
    const uint64_t value = varint();
    if (value > UINT32_MAX) ok_ = false;
    return ok_ ? static_cast<uint32_t>(value) : 0;
  }
  int64_t signed_varint() noexcept {
    const uint64_t value = varint();
    return static_cast<int64_t>(value >> 1 ^ (0 - (value & 1)));
  }
  double number() noexcept {
    if (!need(8)) return 0;
    const uint64_t bits = u32_at(bytes_, 0) | static_cast<uint64_t>(u32_at(bytes_, 4)) << 32;
    bytes_.remove_prefix(8);
    return std::bit_cast<double>(bits);
  }
  /// A number that measures something.
  double amount() noexcept {
    const double value = number();
    if (!std::isfinite(value) || value < 0) ok_ = false;
    return ok_ ? value : 0;
  }
  std::string text() {
    const uint64_t size = varint();
    if (size > kNameMax || !need(size)) return ok_ = false, std::string();
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }
  void fail() noexcept { ok_ = false; }

 private:
  bool need(size_t count) noexcept {
    if (bytes_.size() < count) ok_ = false;
    return ok_;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

// Writes the head of an entry once its payload, which begins at `begin` + kEntryHead, is there.
void finish_entry(std::string& out, size_t begin) {
  const std::string_view payload = std::string_view(out).substr(begin + kEntryHead);
  std::string head;
  put_u32(head, static_cast<uint32_t>(payload.size()));
  put_u32(head, crc32(payload));
  out.replace(begin, kEntryHead, head);
}

size_t begin_entry(std::string& out, Type type) {
  const size_t begin = out.size();
  out.append(kEntryHead, '\0');
  out += static_cast<char>(type);
  return begin;
}

void put_histogram(std::string& out, const Histogram& histogram) {
  uint64_t used = 0;
  for (int i = 0; i < HistogramShape::kBuckets; ++i) used += histogram.count_at(i) > 0 ? 1 : 0;
  put_double(out, histogram.sum_ns());
  put_varint(out, used);
  int last = 0;
  for (int i = 0; i < HistogramShape::kBuckets; ++i) {
    if (histogram.count_at(i) == 0) continue;
    put_varint(out, static_cast<uint64_t>(i - last));
    put_varint(out, histogram.count_at(i));
    last = i;
  }
}

void take_histogram(Fields& in, Histogram& histogram) {
  histogram.add_sum_ns(in.amount());
  const uint64_t used = in.varint();
  if (used > HistogramShape::kBuckets) return in.fail();
  uint64_t bucket = 0;
  for (uint64_t i = 0; i < used && in.ok(); ++i) {
    bucket += in.varint();
    const uint64_t count = in.varint();
    // Sums of counts must not overflow, whatever a damaged file claims.
    if (bucket >= HistogramShape::kBuckets || count > UINT32_MAX) return in.fail();
    histogram.add_bucket(static_cast<int>(bucket), count);
  }
}

void put_window(std::string& out, const WindowStats& window) {
  put_signed(out, window.end.time_since_epoch().count());
  put_signed(out, window.length().count());
  for (const uint64_t count : {window.successes, window.failures, window.dropped, window.ignored,
                               window.admitted, window.limited})
    put_varint(out, count);
  put_double(out, window.inflight_sum);
  for (const uint32_t value : {window.inflight_peak, window.inflight, window.queued, window.limit})
    put_varint(out, value);
  const bool sampled = window.latency_min != Duration::max();
  put_varint(out, sampled ? static_cast<uint64_t>(window.latency_min.count()) + 1 : 0);
  put_double(out, window.cpu_throttled_ratio);
  put_double(out, window.pressure_ratio);
  put_double(out, window.cpu_used_ratio);
  put_histogram(out, window.latency);
}

WindowStats take_window(Fields& in) {
  WindowStats window;
  const int64_t end = in.signed_varint();
  const int64_t length = in.signed_varint();
  // A time line of 146 years either way; it keeps every difference of two instants representable.
  constexpr int64_t kFar = INT64_MAX / 2;
  if (end < -kFar || end > kFar || length < 0 || length > kFar) in.fail();
  if (!in.ok()) return window;
  window.end = Instant(Duration(end));
  window.begin = window.end - Duration(length);
  for (uint64_t* count : {&window.successes, &window.failures, &window.dropped, &window.ignored,
                          &window.admitted, &window.limited})
    *count = in.u32();
  window.inflight_sum = in.amount();
  for (uint32_t* value : {&window.inflight_peak, &window.inflight, &window.queued, &window.limit})
    *value = in.u32();
  const uint64_t least = in.varint();
  if (least > static_cast<uint64_t>(kFar)) in.fail();
  if (least > 0) window.latency_min = Duration(static_cast<int64_t>(least - 1));
  window.cpu_throttled_ratio = in.amount();
  window.pressure_ratio = in.amount();
  window.cpu_used_ratio = in.amount();
  take_histogram(in, window.latency);
  return window;
}

RecordedUpstream take_upstream(Fields& in) {
  RecordedUpstream upstream;
  upstream.id = in.u32();
  upstream.name = in.text();
  upstream.law = in.text();
  upstream.limit_min = in.u32();
  upstream.limit_max = in.u32();
  upstream.limit = in.u32();
  upstream.wall_ns = in.signed_varint();
  upstream.from_the_start = in.byte() != 0;
  if (upstream.limit_min < 1 || upstream.limit_min > upstream.limit_max) in.fail();
  return upstream;
}

RecordedDecision take_decision(Fields& in) {
  RecordedDecision decision;
  decision.upstream = in.u32();
  decision.window = take_window(in);
  decision.move.at = decision.window.end;
  decision.move.before = in.u32();
  decision.move.after = in.u32();
  const uint8_t cause = in.byte();
  if (cause > static_cast<uint8_t>(LimitCause::kHostPressure)) in.fail();
  decision.move.cause = in.ok() ? static_cast<LimitCause>(cause) : LimitCause::kHold;
  for (size_t i = 0; i < kFigures; ++i) decision.move.figures[i] = in.number();
  return decision;
}

}  // namespace

void append_recording_header(std::string& out) {
  out += kRecordingMagic;
  put_u32(out, kRecordingVersion);
}

void append_entry(std::string& out, const RecordedUpstream& upstream) {
  const size_t begin = begin_entry(out, Type::kUpstream);
  put_varint(out, upstream.id);
  put_text(out, upstream.name);
  put_text(out, upstream.law);
  put_varint(out, upstream.limit_min);
  put_varint(out, upstream.limit_max);
  put_varint(out, upstream.limit);
  put_signed(out, upstream.wall_ns);
  out += static_cast<char>(upstream.from_the_start);
  finish_entry(out, begin);
}

void append_entry(std::string& out, uint32_t upstream, const LimitChange& change) {
  const size_t begin = begin_entry(out, Type::kDecision);
  put_varint(out, upstream);
  put_window(out, change.window);
  put_varint(out, change.before);
  put_varint(out, change.after);
  out += static_cast<char>(change.cause);
  for (const double figure : change.figures) put_double(out, figure);
  finish_entry(out, begin);
}

void append_entry(std::string& out, const RecordedGap& gap) {
  const size_t begin = begin_entry(out, Type::kGap);
  put_varint(out, gap.lost);
  finish_entry(out, begin);
}

Expected<RecordingReader> RecordingReader::open(std::string_view bytes) {
  RecordingReader reader(bytes);
  if (bytes.size() < kFileHead || !bytes.starts_with(kRecordingMagic)) {
    return Unexpected<Error>(Error{ErrorKind::kConfig, "this is not a recording of weir",
                                   "give a file that 'weir proxy --record FILE' wrote"});
  }
  const uint32_t version = u32_at(bytes, kRecordingMagic.size());
  if (version != kRecordingVersion) {
    return Unexpected<Error>(Error{
        ErrorKind::kConfig,
        "the recording has version " + std::to_string(version) + ", this weir reads version 1",
        "read it with the weir that wrote it, or a later one"});
  }
  reader.at_ = kFileHead;
  return reader;
}

Unexpected<Error> RecordingReader::damaged(const char* what) const {
  return Unexpected<Error>(Error{
      ErrorKind::kConfig, "the recording is damaged at byte " + std::to_string(at_) + ": " + what,
      "what comes before that byte can be cut off and read: head -c " + std::to_string(at_)});
}

Expected<std::optional<RecordedEntry>> RecordingReader::next() {
  while (true) {
    const size_t left = bytes_.size() - at_;
    if (left == 0) return std::nullopt;
    const uint32_t size = left < kEntryHead ? 0 : u32_at(bytes_, at_);
    if (size > kRecordingEntryMax) return damaged("an entry longer than any can be");
    if (left < kEntryHead + size) {
      cut_short_ = true;
      at_ = bytes_.size();
      return std::nullopt;
    }
    const std::string_view payload = bytes_.substr(at_ + kEntryHead, size);
    if (crc32(payload) != u32_at(bytes_, at_ + 4)) return damaged("the check sum does not fit");
    Fields in(payload);
    std::optional<RecordedEntry> entry;
    switch (static_cast<Type>(in.byte())) {
      case Type::kUpstream: entry = take_upstream(in); break;
      case Type::kDecision: entry = take_decision(in); break;
      case Type::kGap: entry = RecordedGap{in.varint()}; break;
    }
    if (!in.ok()) return damaged("an entry does not hold what it says");
    at_ += kEntryHead + size;
    if (entry) return entry;  // else of a type that a later version added
  }
}

}  // namespace weir::proxy
