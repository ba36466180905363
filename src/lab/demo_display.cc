#include "lab/demo_display.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace weir::lab {
namespace {

constexpr Duration kScreenEvery = std::chrono::milliseconds(250);
constexpr Duration kLineEvery = std::chrono::seconds(2);

}  // namespace

DemoDisplay::DemoDisplay(net::EventLoop& loop, bool plain)
    : loop_(loop),
      screen_(!plain && isatty(STDOUT_FILENO) != 0),
      style_{std::getenv("NO_COLOR") == nullptr},
      timer_(loop.timers(), net::Callback::to<&DemoDisplay::draw>(this)) {
  if (screen_) std::fputs("\x1b[?1049h\x1b[?25l", stdout);  // a screen of its own, no cursor
  timer_.arm(loop.now());
}

DemoDisplay::~DemoDisplay() {
  if (screen_) std::fputs("\x1b[?25h\x1b[?1049l", stdout);
  std::fflush(stdout);
}

void DemoDisplay::draw() {
  timer_.arm(loop_.now() + (screen_ ? kScreenEvery : kLineEvery));
  if (!picture_.screen) return;
  if (!screen_) {
    const std::string line = picture_.line();
    if (!line.empty()) std::printf("%s\n", line.c_str());
  } else if (const std::string screen = picture_.screen(style_); !screen.empty()) {
    // Home, then each line with the rest of it erased: no flicker.
    std::string text = "\x1b[H";
    for (const char c : screen) {
      if (c == '\n') text += "\x1b[K";
      text += c;
    }
    std::fputs((text + "\x1b[J").c_str(), stdout);
  }
  std::fflush(stdout);
}

}  // namespace weir::lab
