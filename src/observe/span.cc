#include "observe/span.h"

#include <algorithm>

namespace weir::observe {
namespace {

constexpr const char* kHex = "0123456789abcdef";

// Lower-case digits only, as the standard asks.
bool read_hex(std::string_view text, uint8_t* to) noexcept {
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = value(text[i]);
    const int low = value(text[i + 1]);
    if (high < 0 || low < 0) return false;
    to[i / 2] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

char* write_hex(uint64_t value, char* to) noexcept {
  for (int shift = 60; shift >= 0; shift -= 4) *to++ = kHex[value >> shift & 15];
  return to;
}

}  // namespace

bool TraceContext::parse(std::string_view text) noexcept {
  // version "-" trace-id "-" parent-id "-" flags; a later version may have more behind a dash.
  if (text.size() < kTextSize || (text.size() > kTextSize && text[kTextSize] != '-')) return false;
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  uint8_t version = 0;
  uint8_t flags = 0;
  std::array<uint8_t, 16> trace{};
  std::array<uint8_t, 8> parent{};
  const bool readable =
      read_hex(text.substr(0, 2), &version) && read_hex(text.substr(3, 32), trace.data()) &&
      read_hex(text.substr(36, 16), parent.data()) && read_hex(text.substr(53, 2), &flags);
  if (!readable || version == 0xff || (version == 0 && text.size() != kTextSize)) return false;
  uint64_t id = 0;
  for (const uint8_t byte : parent) id = id << 8 | byte;
  const bool has_trace =
      std::any_of(trace.begin(), trace.end(), [](uint8_t byte) { return byte != 0; });
  if (!has_trace || id == 0) return false;
  trace_id = trace;
  parent_id = id;
  sampled = (flags & 1) != 0;
  return true;
}

void TraceContext::write(char* to) const noexcept {
  *to++ = '0';
  *to++ = '0';
  *to++ = '-';
  for (const uint8_t byte : trace_id) {
    *to++ = kHex[byte >> 4];
    *to++ = kHex[byte & 15];
  }
  *to++ = '-';
  to = write_hex(span_id, to);
  *to++ = '-';
  *to++ = '0';
  *to++ = sampled ? '1' : '0';
}

}  // namespace weir::observe
