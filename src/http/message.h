// What an HTTP message head says, as offsets into the bytes it came in: nothing is copied.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/header_names.h"
#include "weir/base/assert.h"

namespace weir::http {

enum class Method : uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kConnect,
  kOptions,
  kTrace,
  kPatch,
  kOther,  ///< any other token; RequestHead::method_text() has it
};

/// The longest method taken, whatever the protocol: the registry's longest has 17 characters.
inline constexpr size_t kMethodBytesMax = 32;

/// Exact and case-sensitive, as RFC 9110 §9.1 asks: "get" is kOther.
Method parse_method(std::string_view token) noexcept;
/// "GET" …; empty for kOther.
std::string_view to_string(Method method) noexcept;
/// Safe methods plus PUT and DELETE (RFC 9110 §9.2.2): may be sent again after a lost answer.
bool is_idempotent(Method method) noexcept;

/// The registered phrase of a status code ("Service Unavailable"), else an empty text.
std::string_view reason_phrase(int status) noexcept;

/// How the end of a message body is found (RFC 9112 §6.3).
enum class BodyKind : uint8_t { kNone, kLength, kChunked, kUntilClose };

struct BodyFraming {
  BodyKind kind = BodyKind::kNone;
  uint64_t length = 0;  ///< bytes; only for kLength

  /// False when not a single body byte can follow the head.
  constexpr bool has_body() const noexcept {
    return kind != BodyKind::kNone && !(kind == BodyKind::kLength && length == 0);
  }
  friend constexpr bool operator==(BodyFraming, BodyFraming) noexcept = default;
};

/// What the Connection fields of a message list.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool others = false;  ///< names further headers, which are hop-by-hop for this message
};

/// A part of the message, relative to its first byte, so that it survives a move of the buffer.
struct Slice {
  uint32_t begin = 0;
  uint32_t size = 0;
};

struct HeaderView {
  std::string_view name;   ///< as it was spelt
  std::string_view value;  ///< without the blanks around it
  HeaderName id = HeaderName::kOther;
};

/// The header lines of a head, in order. Bounded storage (1.2 KiB), no allocation; reuse it for the
/// next message with reset(). The views it gives point into the buffer that was parsed: when the
/// caller moves those bytes, rebase() makes the block follow. Not thread-safe.
class HeaderBlock {
 public:
  static constexpr size_t kHeadersMax = 100;
  /// Offsets within a header line are 16 bits wide.
  static constexpr size_t kLineBytesMax = 65'535;

  void reset() noexcept {
    size_ = 0;
    end_ = 0;
    present_ = {};
    repeated_ = {};
  }
  /// Tells where the first byte of the message is now.
  void rebase(const char* base) noexcept { base_ = base; }

  size_t size() const noexcept { return size_; }
  bool full() const noexcept { return size_ == kHeadersMax; }
  HeaderView operator[](size_t i) const noexcept {
    const Line& line = lines_[i];
    const char* begin = base_ + line.begin;
    return {{begin, line.name_size}, {begin + line.value_offset, line.value_size}, line.id};
  }
  HeaderName id(size_t i) const noexcept { return lines_[i].id; }

  bool contains(HeaderName name) const noexcept { return present_.contains(name); }
  bool contains_any(HeaderSet names) const noexcept { return present_.intersects(names); }
  /// True when a well-known name came more than once.
  bool repeated(HeaderName name) const noexcept { return repeated_.contains(name); }
  /// Value of the first header of that name; empty when there is none.
  std::string_view value(HeaderName name) const noexcept;
  /// Calls `visit(value)` for every header of that name, in order.
  template <typename Visit>
  void for_each(HeaderName name, Visit visit) const {
    if (!contains(name)) return;
    for (size_t i = 0; i < size_; ++i) {
      if (lines_[i].id == name) visit((*this)[i].value);
    }
  }
  /// value() for a name that has no HeaderName; any letter case.
  std::string_view value(std::string_view name) const noexcept;

  /// Bytes of lines [first, last) as they came, each with its CRLF: what a forwarder copies.
  std::string_view lines(size_t first, size_t last) const noexcept {
    const uint32_t begin = first < size_ ? lines_[first].begin : end_;
    const uint32_t end = last < size_ ? lines_[last].begin : end_;
    return {base_ + begin, end - begin};
  }
  std::string_view text(Slice slice) const noexcept { return {base_ + slice.begin, slice.size}; }

  class Iterator {
   public:
    Iterator(const HeaderBlock* block, size_t i) noexcept : block_(block), i_(i) {}
    HeaderView operator*() const noexcept { return (*block_)[i_]; }
    Iterator& operator++() noexcept {
      ++i_;
      return *this;
    }
    bool operator!=(const Iterator& other) const noexcept { return i_ != other.i_; }

   private:
    const HeaderBlock* block_;
    size_t i_;
  };
  Iterator begin() const noexcept { return {this, 0}; }
  Iterator end() const noexcept { return {this, size_}; }

  /// For parsers. `line` starts at the name and ends before the CRLF; the value lies inside it.
  void append(uint32_t line_begin, std::string_view line, size_t name_size, std::string_view value,
              HeaderName id) noexcept {
    WEIR_ASSERT(size_ < kHeadersMax && line.size() <= kLineBytesMax);
    lines_[size_++] = {line_begin, static_cast<uint16_t>(name_size),
                       static_cast<uint16_t>(value.data() - line.data()),
                       static_cast<uint16_t>(value.size()), id};
    end_ = line_begin + static_cast<uint32_t>(line.size()) + 2;
    if (id == HeaderName::kOther) return;
    if (present_.contains(id)) repeated_.insert(id);
    present_.insert(id);
  }

 private:
  struct Line {
    uint32_t begin;
    uint16_t name_size;
    uint16_t value_offset;
    uint16_t value_size;
    HeaderName id;
  };

  const char* base_ = nullptr;
  size_t size_ = 0;
  uint32_t end_ = 0;
  HeaderSet present_;
  HeaderSet repeated_;
  std::array<Line, kHeadersMax> lines_;
};

/// How far a parser got with a head that is not complete yet. Belongs to the parser.
struct HeadProgress {
  uint32_t line_begin = 0;     ///< first byte of the line being read
  uint32_t scanned = 0;        ///< no line end before this byte
  uint32_t section_begin = 0;  ///< first header line; 0 while the start line is incomplete
  bool past_empty_line = false;
};

/// What the start line and the framing fields of a request say.
struct RequestFacts {
  Method method = Method::kOther;
  uint8_t minor_version = 1;     ///< 0 or 1; later 1.x count as 1
  bool keep_alive = false;       ///< the client can take another answer on this connection
  bool expect_continue = false;  ///< waits for 100 before it sends the body
  bool upgrade = false;          ///< may switch protocols: asked by the rules, no body, not h2c
  ConnectionOptions connection;
  BodyFraming body;
  Slice method_slice, target_slice, path_slice, authority_slice;
  HeadProgress progress;
};

/// A parsed request head. Reusable; valid while the parsed bytes live (see HeaderBlock::rebase).
struct RequestHead : RequestFacts {
  HeaderBlock headers;

  void reset() noexcept {
    static_cast<RequestFacts&>(*this) = {};
    headers.reset();
  }

  std::string_view method_text() const noexcept { return headers.text(method_slice); }
  /// The request target as sent.
  std::string_view target() const noexcept { return headers.text(target_slice); }
  /// The target in origin form, which is what the next server is asked for: "/" or "*" when an
  /// absolute target has no path. Empty for CONNECT only.
  std::string_view path() const noexcept {
    if (path_slice.size != 0 || method == Method::kConnect) return headers.text(path_slice);
    return method == Method::kOptions ? "*" : "/";
  }
  /// host[:port] that is asked: of an absolute target, else of Host. Empty on HTTP/1.0 only.
  std::string_view authority() const noexcept { return headers.text(authority_slice); }
};

/// What the status line and the framing fields of a response say.
struct ResponseFacts {
  uint16_t status = 0;             ///< 100–999
  uint8_t minor_version = 1;       ///< 0 or 1
  bool keep_alive = false;         ///< the connection can carry another request after the body
  bool switches_protocol = false;  ///< 101, or 2xx to CONNECT: what follows is not HTTP
  /// Content-Length of a response that has no body (HEAD, 304), to be forwarded; see has_length.
  uint64_t content_length = 0;
  bool has_content_length = false;
  ConnectionOptions connection;
  BodyFraming body;
  Slice status_line_slice;  ///< from the status code to the end of the reason phrase
  HeadProgress progress;
};

/// A parsed response head. Reusable; valid while the parsed bytes live (see HeaderBlock::rebase).
struct ResponseHead : ResponseFacts {
  HeaderBlock headers;

  void reset() noexcept {
    static_cast<ResponseFacts&>(*this) = {};
    headers.reset();
  }

  /// True for 1xx other than 101: another head follows on the same exchange.
  bool is_interim() const noexcept { return status < 200 && status != 101; }
  /// Status code and reason phrase as sent, such as "200 OK".
  std::string_view status_text() const noexcept { return headers.text(status_line_slice); }
};

}  // namespace weir::http
