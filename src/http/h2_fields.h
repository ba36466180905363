// Heads on their way out over HTTP/2: the field list that a session sends.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "http/h1_forward.h"
#include "http/message.h"

namespace weir::http {

/// A bounded list of fields with the names in lower case. Names and numbers that had to be written
/// lie in the list's own space, all else points to where the caller's text is: use the list before
/// that goes. Reusable: clear() and fill again. About 12 KiB; keep one a worker. Not thread-safe.
class H2FieldList {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  static constexpr size_t kFieldsMax = HeaderBlock::kHeadersMax + 16;

  void clear() noexcept {
    size_ = 0;
    used_ = 0;
    ok_ = true;
  }
  /// `name` in any letter case. The value must not hold CR, LF or NUL.
  void add(std::string_view name, std::string_view value) noexcept;
  void add(std::string_view name, uint64_t value) noexcept;
  /// ":status", and it must come first.
  void add_status(int status) noexcept { add(":status", static_cast<uint64_t>(status)); }

  /// False when something did not fit; then the list must not be sent.
  bool ok() const noexcept { return ok_; }
  size_t size() const noexcept { return size_; }
  const Field& operator[](size_t i) const noexcept { return fields_[i]; }

 private:
  std::string_view lowered(std::string_view name) noexcept;
  char* take(size_t size) noexcept;

  std::array<Field, kFieldsMax> fields_;
  std::array<char, 8 * 1024> space_;  // 100 names of 80 characters that are not in lower case
  size_t size_ = 0;
  size_t used_ = 0;
  bool ok_ = true;
};

/// Adds complete HTTP/1 lines, each with its CRLF.
void add_lines(std::string_view lines, H2FieldList& out) noexcept;

/// The field list of a request that goes upstream over HTTP/2. Same rules as
/// write_forwarded_request(); "te: trailers" passes, since gRPC needs it. An upgrade does not:
/// HTTP/2 has none. `how.extra_lines` are complete HTTP/1 lines, as there.
bool list_forwarded_request(const RequestHead& head, const RequestForwarding& how,
                            H2FieldList& out) noexcept;

/// The field list of a response that goes to an HTTP/2 client. Same rules as
/// write_forwarded_response().
bool list_forwarded_response(const ResponseHead& head, const ResponseForwarding& how,
                             H2FieldList& out) noexcept;

}  // namespace weir::http
