// What the demos' screens are painted with. Pure.
#pragma once

#include <string>
#include <vector>

namespace weir::lab {

struct ViewStyle {
  bool colour = true;
};

/// Wraps words in ANSI colours, or leaves them alone.
class Painter {
 public:
  explicit Painter(ViewStyle style) : colour_(style.colour) {}
  std::string bold(const std::string& s) const { return paint("1", s); }
  std::string dim(const std::string& s) const { return paint("2", s); }
  std::string good(const std::string& s) const { return paint("32", s); }
  std::string bad(const std::string& s) const { return paint("31", s); }
  std::string warn(const std::string& s) const { return paint("33", s); }

 private:
  std::string paint(const char* code, const std::string& s) const;
  bool colour_;
};

/// A bar chart one character high, one character a value; values from 0 to `top`.
std::string sparkline(const std::vector<double>& values, double top);

/// `line`, of which `columns_used` are seen, filled up with spaces to `width` columns.
std::string pad(const std::string& line, size_t width, size_t columns_used);

/// `####    `: `value` of `top` as a bar of `width` columns, without colour.
std::string bar(double value, double top, size_t width);

/// Broken between words into lines of at most `width` columns, each ended by a newline.
std::string wrap(const std::string& sentence, size_t width);

}  // namespace weir::lab
