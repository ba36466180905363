#include "lab/demo_paint.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace weir::lab {

std::string Painter::paint(const char* code, const std::string& s) const {
  return colour_ ? std::string("\x1b[") + code + "m" + s + "\x1b[0m" : s;
}

std::string sparkline(const std::vector<double>& values, double top) {
  static constexpr std::array<const char*, 9> kLevels{"▁", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string out;
  for (const double value : values) {
    const double level = top > 0 ? std::clamp(value / top, 0.0, 1.0) * 8 : 0;
    out += kLevels[static_cast<size_t>(std::lround(level))];
  }
  return out;
}

std::string pad(const std::string& line, size_t width, size_t columns_used) {
  return line + std::string(columns_used < width ? width - columns_used : 0, ' ');
}

std::string bar(double value, double top, size_t width) {
  const double share = top > 0 ? std::clamp(value / top, 0.0, 1.0) : 0;
  const auto filled = static_cast<size_t>(std::ceil(share * static_cast<double>(width)));
  return pad(std::string(filled, '#'), width, filled);
}

std::string wrap(const std::string& sentence, size_t width) {
  std::string out;
  size_t column = 0;
  size_t begin = 0;
  while (begin < sentence.size()) {
    size_t end = sentence.find(' ', begin);
    if (end == std::string::npos) end = sentence.size();
    const size_t length = end - begin;
    if (column > 0 && column + 1 + length > width) {
      out += '\n';
      column = 0;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += sentence.substr(begin, length);
    column += length;
    begin = end + 1;
  }
  return out + "\n";
}

}  // namespace weir::lab
