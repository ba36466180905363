// Log: structured lines that never block whoever writes them.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <thread>
#include <variant>

namespace weir::observe {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

constexpr const char* to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "?";
}

enum class LogFormat : uint8_t {
  kJson,    ///< one JSON object a line, for machines
  kHuman,   ///< for people who watch
  kColour,  ///< kHuman with the level in colour, for terminals
};

/// kColour on a terminal, kHuman there when NO_COLOR is set, else kJson.
LogFormat log_format_for(int fd) noexcept;

/// A name and a value. Borrows both. Names are snake_case with the unit last: retry_after_ms.
struct LogField {
  std::string_view name;
  std::variant<int64_t, double, bool, std::string_view> value;
};

/// Nanoseconds since 1970.
using WallClock = int64_t (*)();
int64_t system_wall_clock();

struct LogOptions {
  int fd = 2;
  LogFormat format = LogFormat::kJson;
  LogLevel level_min = LogLevel::kInfo;
  WallClock clock = &system_wall_clock;
};

/// Formats on the calling thread into a bounded ring; a thread of its own writes to the descriptor.
/// A full ring drops the line and counts it: losing a line is better than slowing a request. What
/// was put before the destructor began is still written, unless the descriptor takes nothing for a
/// second. write() is safe from any thread, takes no lock, and allocates only on a thread's first
/// line.
///
/// Never give it header values, query strings, bodies or user info of URLs: whatever can hold a
/// secret stays out (see loggable_path).
class Log {
 public:
  explicit Log(const LogOptions& options);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();

  /// `event` is a stable snake_case word for machines, `message` a sentence for people. Values
  /// longer than kValueMax are cut; fields that no longer fit into kLineMax are left out, and
  /// "truncated" says so.
  void write(LogLevel level, std::string_view event, std::string_view message,
             std::initializer_list<LogField> fields = {}) noexcept;

  bool enabled(LogLevel level) const noexcept { return level >= options_.level_min; }

  /// Lines lost because the ring was full.
  uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

  static constexpr size_t kLineMax = 1000;  ///< bytes; below PIPE_BUF, so lines never interleave
  static constexpr size_t kValueMax = 200;
  static constexpr size_t kRingMax = 1024;  ///< lines; 1 MiB, some seconds of a busy proxy's log

 private:
  struct Slot;

  bool put(std::string_view line) noexcept;
  bool wait_writable() const;
  bool write_next();
  void run();

  const LogOptions options_;
  std::unique_ptr<Slot[]> slots_;
  std::atomic<uint64_t> tail_{0};  // where the next line goes
  uint64_t head_ = 0;              // this and stuck_ are the writer's own
  bool stuck_ = false;             // gave up on a descriptor that takes nothing
  std::atomic<uint64_t> dropped_{0};
  std::atomic<uint32_t> work_{0};  // changes with every line: what the writer sleeps on
  std::atomic<bool> stopping_{false};
  std::thread writer_;
};

/// The part of a request target that may be logged: no query, no fragment, no scheme and user info.
std::string_view loggable_path(std::string_view target) noexcept;

}  // namespace weir::observe
