// Where a demo is shown while it runs: a screen of its own on a terminal, else plain lines.
#pragma once

#include <functional>
#include <string>

#include "lab/demo_paint.h"
#include "net/event_loop.h"

namespace weir::lab {

/// Draws a screen a few times a second, or prints a line every two seconds. The terminal is as
/// before after destruction. Belongs to one loop, which must outlive it.
class DemoDisplay {
 public:
  /// What is to be seen now; an empty text: nothing yet.
  struct Picture {
    std::function<std::string(ViewStyle)> screen;  ///< lines, each ended by a newline
    std::function<std::string()> line;             ///< one, without the newline
  };

  /// `plain`: lines also on a terminal.
  DemoDisplay(net::EventLoop& loop, bool plain);
  ~DemoDisplay();
  DemoDisplay(const DemoDisplay&) = delete;
  DemoDisplay& operator=(const DemoDisplay&) = delete;

  void show(Picture picture) { picture_ = std::move(picture); }
  void clear() { picture_ = {}; }

 private:
  void draw();

  net::EventLoop& loop_;
  const bool screen_;
  const ViewStyle style_;
  Picture picture_;
  net::Timer timer_;
};

}  // namespace weir::lab
