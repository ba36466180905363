// Writing HTTP/1.1 heads into a caller's buffer: bounded, append-only.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir::http {

/// Appends to a fixed buffer. When something does not fit, it is left out whole and ok() turns
/// false for good: check once at the end. Values must not hold CR, LF or NUL; that is the caller's
/// duty, and parsed values never do. Not thread-safe.
class HeadWriter {
 public:
  HeadWriter(char* buffer, size_t capacity) noexcept
      : begin_(buffer), next_(buffer), end_(buffer + capacity) {}

  bool ok() const noexcept { return ok_; }
  size_t size() const noexcept { return static_cast<size_t>(next_ - begin_); }
  std::string_view view() const noexcept { return {begin_, size()}; }

  HeadWriter& append(std::string_view text) noexcept {
    if (static_cast<size_t>(end_ - next_) < text.size()) {
      ok_ = false;
    } else if (!text.empty()) {
      std::memcpy(next_, text.data(), text.size());
      next_ += text.size();
    }
    return *this;
  }

  HeadWriter& append(uint64_t number) noexcept {
    const auto [next, error] = std::to_chars(next_, end_, number);
    if (error == std::errc{}) {
      next_ = next;
    } else {
      ok_ = false;
    }
    return *this;
  }

  /// "HTTP/1.1 503 Service Unavailable\r\n"
  HeadWriter& status_line(int status) noexcept;

  /// "name: value\r\n"
  HeadWriter& field(std::string_view name, std::string_view value) noexcept {
    return append(name).append(": ").append(value).append("\r\n");
  }
  HeadWriter& field(std::string_view name, uint64_t value) noexcept {
    return append(name).append(": ").append(value).append("\r\n");
  }

  /// The empty line.
  HeadWriter& end_of_head() noexcept { return append("\r\n"); }

 private:
  char* begin_;
  char* next_;
  char* end_;
  bool ok_ = true;
};

}  // namespace weir::http
