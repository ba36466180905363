// Paint: colours and widths of a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::console {

/// Colours when `on`; the text alone otherwise. Colour never tells what a word or sign does not.
struct Paint {
  bool on = false;

  /// On when `fd` is a terminal and NO_COLOR is not set.
  static Paint for_fd(int fd) noexcept;

  std::string bold(std::string_view text) const { return with("1", text); }
  std::string dim(std::string_view text) const { return with("2", text); }
  std::string good(std::string_view text) const { return with("32", text); }
  std::string warn(std::string_view text) const { return with("33", text); }
  std::string bad(std::string_view text) const { return with("31", text); }
  std::string with(std::string_view code, std::string_view text) const;
};

/// Columns that a text takes: one a code point, none for escape sequences.
size_t width_of(std::string_view text) noexcept;

/// Cut to `width` columns, escape sequences kept whole and ended; "…" marks the cut.
std::string fit(std::string_view text, size_t width);

/// Filled with blanks to `width` columns, or cut.
std::string pad(std::string_view text, size_t width);
std::string pad_left(std::string_view text, size_t width);

/// "████▌    " of `width` columns; `ratio` is held within 0 and 1.
std::string bar(double ratio, size_t width);

/// One character of eight heights for each value, against `top`; a blank for values below zero.
template <typename Values>
std::string sparkline(const Values& values, double top) {
  constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string out;
  for (const double value : values) {
    if (value < 0) {
      out += ' ';
      continue;
    }
    const double share = top > 0 ? value / top : 0;
    const int step = static_cast<int>(share * 8);
    out += kBlocks[step < 0 ? 0 : step > 7 ? 7 : step];
  }
  return out;
}

/// "12.3 ms", "1.20 s" from seconds; "1234", "12.3k" from counts; "12 %" from ratios.
std::string seconds_text(double seconds);
std::string count_text(double count);
std::string percent_text(double ratio);
/// "13:27:30" in local time from milliseconds since 1970.
std::string clock_text(double time_ms);

}  // namespace weir::console
