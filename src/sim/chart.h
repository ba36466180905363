// Chart: a plot over time as inline SVG, for pages that need nothing but themselves.
#pragma once

#include <string>
#include <vector>

namespace weir::sim {

/// One line of a chart. `values` are spread evenly over the whole time; `tone` is the name of a
/// colour of the page: grey, blue, green, amber, red, violet.
struct ChartLine {
  std::string name;
  std::string tone;
  std::vector<double> values;
  bool filled = false;
};

/// A stretch of time that is shaded, in seconds.
struct ChartSpan {
  double from = 0;
  double to = 0;
  std::string label;
};

struct Chart {
  std::string title;
  std::string unit;    ///< of the values, said beside the title
  double seconds = 0;  ///< the length of the time line
  std::vector<ChartLine> lines;
  std::vector<ChartSpan> spans;
};

/// A <figure> with its legend. Long series are drawn by the mean of at most 360 stretches.
std::string to_svg(const Chart& chart);

/// The style sheet that charts and pages around them use; light and dark.
std::string chart_style();

/// `text` with the characters that mean something to HTML escaped.
std::string escape_html(const std::string& text);

}  // namespace weir::sim
