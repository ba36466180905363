#include "console/paint.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace weir::console {
namespace {

// The length of the escape sequence at the front; 0 when there is none.
size_t escape_length(std::string_view text) noexcept {
  if (!text.starts_with("\x1b[")) return 0;
  const size_t end = text.find_first_of("mKHJhl", 2);
  return end == text.npos ? text.size() : end + 1;
}

bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

template <typename... Args>
std::string formatted(const char* pattern, Args... args) {
  char text[48];
  std::snprintf(text, sizeof text, pattern, args...);
  return text;
}

}  // namespace

Paint Paint::for_fd(int fd) noexcept {
  const char* no_colour = std::getenv("NO_COLOR");
  return {isatty(fd) != 0 && (no_colour == nullptr || *no_colour == '\0')};
}

std::string Paint::with(std::string_view code, std::string_view text) const {
  if (!on) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

size_t width_of(std::string_view text) noexcept {
  size_t width = 0;
  while (!text.empty()) {
    if (const size_t escape = escape_length(text)) {
      text.remove_prefix(escape);
      continue;
    }
    if (!is_continuation(text.front())) ++width;
    text.remove_prefix(1);
  }
  return width;
}

std::string fit(std::string_view text, size_t width) {
  if (width_of(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string out;
  size_t used = 0;
  bool painted = false;
  while (!text.empty()) {
    if (const size_t escape = escape_length(text)) {
      painted = true;
      out += text.substr(0, escape);
      text.remove_prefix(escape);
      continue;
    }
    if (!is_continuation(text.front()) && ++used >= width) break;
    out += text.front();
    text.remove_prefix(1);
  }
  return out + "…" + (painted ? "\x1b[0m" : "");
}

std::string pad(std::string_view text, size_t width) {
  std::string out = fit(text, width);
  out.append(width - std::min(width, width_of(out)), ' ');
  return out;
}

std::string pad_left(std::string_view text, size_t width) {
  const std::string fitted = fit(text, width);
  return std::string(width - std::min(width, width_of(fitted)), ' ') + fitted;
}

std::string bar(double ratio, size_t width) {
  constexpr const char* kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths =
      static_cast<size_t>(std::clamp(ratio, 0.0, 1.0) * static_cast<double>(width) * 8 + 0.5);
  std::string out;
  for (size_t i = 0; i < eighths / 8; ++i) out += "█";
  if (eighths / 8 < width) out += kParts[eighths % 8];
  out.append(width - width_of(out), ' ');
  return out;
}

std::string seconds_text(double seconds) {
  if (seconds >= 10) return formatted("%.0f s", seconds);
  if (seconds >= 1) return formatted("%.2f s", seconds);
  if (seconds >= 0.01) return formatted("%.0f ms", seconds * 1e3);
  if (seconds >= 0.001) return formatted("%.1f ms", seconds * 1e3);
  return seconds <= 0 ? "0" : formatted("%.0f µs", seconds * 1e6);
}

std::string count_text(double count) {
  if (count >= 1e5) return formatted("%.0fk", count / 1e3);
  if (count >= 1e4) return formatted("%.1fk", count / 1e3);
  if (count >= 100 || count == static_cast<double>(static_cast<long>(count)))
    return formatted("%.0f", count);
  return formatted("%.1f", count);
}

std::string percent_text(double ratio) {
  return formatted(ratio > 0 && ratio < 0.1 ? "%.1f %%" : "%.0f %%", ratio * 100);
}

std::string clock_text(double time_ms) {
  const auto seconds = static_cast<time_t>(time_ms / 1e3);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return formatted("%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace weir::console
