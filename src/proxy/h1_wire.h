// H1Wire: a wire that frames the bodies it writes as HTTP/1 does.
#pragma once

#include <string_view>

#include "http/h1_writer.h"
#include "http/message.h"
#include "proxy/wire.h"

namespace weir::proxy {

/// Not thread-safe.
class H1Wire final : public Wire {
 public:
  using Wire::Wire;

  // Everything is appended to `out`, or sent at once when that saves a copy.
  /// Room for a head of up to `bytes`; `out` grows when needed. Finish with commit_head.
  http::HeadWriter head_writer(size_t bytes);
  void commit_head(const http::HeadWriter& writer) noexcept { out.commit(writer.size()); }
  void send_raw(std::string_view bytes);

  /// How the body that follows is framed.
  void begin_body(http::BodyFraming framing) noexcept {
    framing_ = framing;
    trailers_begun_ = false;
  }
  /// How much was taken; the rest is offered again once the wire drained.
  size_t send_body(std::string_view payload);
  /// Trailers that do not fit fail the wire: the message must not look whole without them.
  void send_trailer(const http::HeaderView& field);
  void end_body();

 private:
  // Payloads up to this size are copied behind what waits in `out`: cheaper than a second iovec.
  static constexpr size_t kCopyMax = 4096;
  // Frame of a chunk: 16 digits, CR LF, CR LF after it. And what the end may need.
  static constexpr size_t kChunkFrame = 20;
  static constexpr size_t kEndReserve = 8;

  size_t room() const noexcept;
  size_t send_plain(std::string_view payload);
  size_t send_chunked(std::string_view payload);

  http::BodyFraming framing_;
  bool trailers_begun_ = false;
};

}  // namespace weir::proxy
