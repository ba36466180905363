#include "console/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <string_view>

namespace weir::console {
namespace {

volatile std::sig_atomic_t g_asked_to_end = 0;

void on_signal(int) {
  g_asked_to_end = 1;
}

void write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

winsize size_of_window() noexcept {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    size.ws_col = 80;
    size.ws_row = 24;
  }
  return size;
}

}  // namespace

Terminal::Terminal() {
  ::tcgetattr(STDIN_FILENO, &before_);
  termios raw = before_;
  raw.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO | ISIG));
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGHUP, on_signal);
  write_out("\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J");  // own screen, no cursor, no wrapping
}

Terminal::~Terminal() {
  write_out("\x1b[?7h\x1b[?25h\x1b[?1049l");
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

bool Terminal::is_there() noexcept {
  return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
}

size_t Terminal::columns() const noexcept {
  return size_of_window().ws_col;
}

size_t Terminal::rows() const noexcept {
  return size_of_window().ws_row;
}

void Terminal::draw(const std::vector<std::string>& lines) {
  std::string out = "\x1b[H";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\r\n";
    out += lines[i] + "\x1b[K";
  }
  write_out(out + "\x1b[J");
}

void Terminal::wait() const noexcept {
  pollfd watched{STDIN_FILENO, POLLIN, 0};
  ::poll(&watched, 1, 100);
}

Key Terminal::key() noexcept {
  if (g_asked_to_end != 0) return Key::kQuit;
  pollfd watched{STDIN_FILENO, POLLIN, 0};
  if (::poll(&watched, 1, 0) <= 0) return Key::kNone;
  char bytes[16];
  const ssize_t size = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (size <= 0) return Key::kQuit;  // the terminal has gone
  const std::string_view pressed(bytes, static_cast<size_t>(size));
  if (pressed.starts_with('q') || pressed.starts_with('\x03')) return Key::kQuit;
  if (pressed.starts_with("\x1b[D") || pressed.starts_with("\x1bOD")) return Key::kLeft;
  if (pressed.starts_with("\x1b[C") || pressed.starts_with("\x1bOC") || pressed.starts_with('\t'))
    return Key::kRight;
  return Key::kOther;
}

}  // namespace weir::console
