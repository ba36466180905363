// Terminal: the whole screen, for as long as this lives. What was there before comes back.
#pragma once

#include <termios.h>

#include <cstddef>
#include <string>
#include <vector>

namespace weir::console {

enum class Key : unsigned char { kNone, kQuit, kLeft, kRight, kOther };

/// One at a time, on standard input and output. The destructor puts everything back; SIGTERM and
/// SIGHUP count as Key::kQuit, so that it runs.
class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Whether standard input and output are terminals at all.
  static bool is_there() noexcept;

  size_t columns() const noexcept;
  size_t rows() const noexcept;

  /// Writes the frame over the one before, in one piece and without clearing first, so nothing
  /// flickers.
  void draw(const std::vector<std::string>& lines);

  /// A key that has been pressed; does not wait.
  Key key() noexcept;

  /// A tenth of a second, or until a key is pressed.
  void wait() const noexcept;

 private:
  termios before_{};
};

}  // namespace weir::console
