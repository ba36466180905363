#include "sim/format.h"

#include <cmath>
#include <cstdio>

namespace weir::sim {
namespace {

// Up to `digits` after the point, without zeros at the end.
std::string trimmed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  std::string out = text;
  if (out.find('.') == out.npos) return out;
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

}  // namespace

std::string format_time(double seconds) {
  const double size = std::abs(seconds);
  if (size == 0) return "0 s";
  if (size < 1e-3) return trimmed(seconds * 1e6, 0) + " us";
  if (size < 1) return trimmed(seconds * 1e3, size < 0.1 ? 1 : 0) + " ms";
  return trimmed(seconds, 2) + " s";
}

std::string format_recovery(double seconds) {
  if (std::isinf(seconds)) return "never";
  return seconds > 0 ? format_time(seconds) : "at once";
}

std::string format_percent(double share) {
  return trimmed(share * 100, share > 0.9 || share < 0.01 ? 2 : 1) + " %";
}

std::string format_number(double value) {
  const double size = std::abs(value);
  if (size < 1000) return trimmed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4);
  const std::string digits = trimmed(value, 0);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0 && digits[i - 1] != '-') out += ',';
    out += digits[i];
  }
  return out;
}

}  // namespace weir::sim
