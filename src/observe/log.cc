#include "observe/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "observe/json.h"

namespace weir::observe {
namespace {

// Room that every line keeps for `,"truncated":true}` and its line break.
constexpr size_t kReserve = 24;
// An event is a word of the code's own.
constexpr size_t kEventMax = 64;
// A descriptor that takes nothing (a pipe that nobody reads) may delay the end of the process by
// this much and no more.
constexpr int kFlushMillisMax = 1000;

std::string_view cut(std::string_view text) {
  return text.substr(0, Log::kValueMax);
}

void append_time(std::string& out, int64_t wall_ns, const char* format) {
  const auto seconds = static_cast<time_t>(wall_ns / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const size_t length = std::strftime(text, sizeof text, format, &parts);
  std::snprintf(text + length, sizeof text - length, ".%03d",
                static_cast<int>(wall_ns / 1'000'000 % 1000));
  out += text;
}

void append_value(std::string& out, const LogField& field, bool quoted) {
  if (const auto* integer = std::get_if<int64_t>(&field.value)) {
    out += std::to_string(*integer);
  } else if (const auto* number = std::get_if<double>(&field.value)) {
    append_json_number(out, *number);
  } else if (const auto* truth = std::get_if<bool>(&field.value)) {
    out += *truth ? "true" : "false";
  } else {
    const std::string_view text = cut(std::get<std::string_view>(field.value));
    // Bare words read better; anything else is quoted, which also keeps control characters out.
    const bool bare = !quoted && !text.empty() &&
                      text.find_first_not_of(
                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          "0123456789_-.:/*") == text.npos;
    if (bare)
      out += text;
    else
      append_json_string(out, text);
  }
}

void format_json(std::string& out, LogLevel level, int64_t wall_ns, std::string_view event,
                 std::string_view message, std::initializer_list<LogField> fields) {
  out += "{\"time\":\"";
  append_time(out, wall_ns, "%Y-%m-%dT%H:%M:%S");
  out.append("Z\",\"level\":\"").append(to_string(level)).append("\",\"event\":");
  append_json_string(out, event.substr(0, kEventMax));
  const size_t before_message = out.size();
  out += ",\"message\":";
  append_json_string(out, cut(message));
  if (out.size() + kReserve > Log::kLineMax) {  // escapes made it long
    out.resize(before_message);
    out += ",\"truncated\":true}\n";
    return;
  }
  for (const LogField& field : fields) {
    const size_t before = out.size();
    out += ',';
    append_json_string(out, cut(field.name));
    out += ':';
    append_value(out, field, true);
    if (out.size() + kReserve <= Log::kLineMax) continue;
    out.resize(before);
    out += ",\"truncated\":true";
    break;
  }
  out += "}\n";
}

const char* colour_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "\x1b[2m";
    case LogLevel::kInfo: return "\x1b[32m";
    case LogLevel::kWarning: return "\x1b[33m";
    case LogLevel::kError: return "\x1b[31m";
  }
  return "";
}

void format_human(std::string& out, LogLevel level, int64_t wall_ns, std::string_view message,
                  std::initializer_list<LogField> fields, bool colour) {
  append_time(out, wall_ns, "%H:%M:%S");
  out += ' ';
  if (colour) out += colour_of(level);
  out += to_string(level);
  if (colour) out += "\x1b[0m";
  out += ' ';
  for (const char c : cut(message)) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  for (const LogField& field : fields) {
    const size_t before = out.size();
    out.append("  ").append(cut(field.name)).append("=");
    append_value(out, field, false);
    if (out.size() + kReserve <= Log::kLineMax) continue;
    out.resize(before);
    out += "  truncated";
    break;
  }
  out += '\n';
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nowhere to tell that the log cannot be written
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

LogFormat log_format_for(int fd) noexcept {
  if (isatty(fd) == 0) return LogFormat::kJson;
  const char* no_colour = std::getenv("NO_COLOR");
  return no_colour != nullptr && *no_colour != '\0' ? LogFormat::kHuman : LogFormat::kColour;
}

int64_t system_wall_clock() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count();
}

// A bounded queue after Dmitry Vyukov (2010), with one consumer: a slot is free for the lap whose
// number it holds, and full one above it.
struct Log::Slot {
  std::atomic<uint64_t> turn;
  uint32_t size;
  char bytes[kLineMax];
};

Log::Log(const LogOptions& options) : options_(options), slots_(new Slot[kRingMax]) {
  for (uint64_t i = 0; i < kRingMax; ++i) slots_[i].turn.store(i, std::memory_order_relaxed);
  writer_ = std::thread(&Log::run, this);
}

Log::~Log() {
  stopping_.store(true, std::memory_order_release);
  work_.fetch_add(1, std::memory_order_release);
  work_.notify_one();
  writer_.join();
}

void Log::write(LogLevel level, std::string_view event, std::string_view message,
                std::initializer_list<LogField> fields) noexcept {
  if (!enabled(level)) return;
  thread_local std::string line;
  line.clear();
  const int64_t now = options_.clock();
  if (options_.format == LogFormat::kJson)
    format_json(line, level, now, event, message, fields);
  else
    format_human(line, level, now, message, fields, options_.format == LogFormat::kColour);
  if (!put(line)) dropped_.fetch_add(1, std::memory_order_relaxed);
}

bool Log::put(std::string_view line) noexcept {
  uint64_t place = tail_.load(std::memory_order_relaxed);
  for (;;) {  // ends: each failed exchange means that another thread got a place
    const uint64_t turn = slots_[place % kRingMax].turn.load(std::memory_order_acquire);
    if (turn < place) return false;  // still full from the lap before
    if (turn > place) {
      place = tail_.load(std::memory_order_relaxed);
    } else if (tail_.compare_exchange_weak(place, place + 1, std::memory_order_relaxed)) {
      break;
    }
  }
  Slot& slot = slots_[place % kRingMax];
  slot.size = static_cast<uint32_t>(std::min(line.size(), kLineMax));
  std::memcpy(slot.bytes, line.data(), slot.size);
  slot.turn.store(place + 1, std::memory_order_release);
  work_.fetch_add(1, std::memory_order_release);
  work_.notify_one();
  return true;
}

// Waits until a line can be written without blocking; false when it is time to give up.
bool Log::wait_writable() const {
  constexpr int kStepMillis = 100;
  int waited = 0;
  for (;;) {
    pollfd watched{options_.fd, POLLOUT, 0};
    if (::poll(&watched, 1, kStepMillis) != 0) return true;  // writable, or write() tells the error
    if (!stopping_.load(std::memory_order_acquire)) continue;
    waited += kStepMillis;
    if (waited >= kFlushMillisMax) return false;
  }
}

bool Log::write_next() {
  Slot& slot = slots_[head_ % kRingMax];
  if (slot.turn.load(std::memory_order_acquire) != head_ + 1) return false;
  if (stuck_ = !wait_writable(); stuck_) return false;
  write_all(options_.fd, {slot.bytes, slot.size});
  slot.turn.store(head_ + kRingMax, std::memory_order_release);
  ++head_;
  return true;
}

void Log::run() {
  for (;;) {
    const uint32_t seen = work_.load(std::memory_order_acquire);
    const bool stopping = stopping_.load(std::memory_order_acquire);
    while (write_next()) {
    }
    if (stopping || stuck_) return;
    work_.wait(seen, std::memory_order_acquire);
  }
}

std::string_view loggable_path(std::string_view target) noexcept {
  const size_t scheme = target.find("://");
  if (scheme != target.npos && scheme < target.find_first_of("/?#")) {
    const size_t path = target.find('/', scheme + 3);
    target = path == target.npos ? std::string_view("/") : target.substr(path);
  }
  return target.substr(0, target.find_first_of("?#"));
}

}  // namespace weir::observe
