// BodyReader: takes a message body out of a buffer as fast as its receiver accepts it.
#pragma once

#include <string_view>

#include "http/h1_body.h"
#include "net/buffer.h"

namespace weir::proxy {

enum class BodyState : uint8_t {
  kNeedMore,  ///< the buffer holds nothing more of it
  kBlocked,   ///< the receiver takes no more for now
  kDone,      ///< complete; what the buffer still holds is the next message
  kError,     ///< malformed; see error()
};

/// Decodes in place; a byte leaves the buffer when the receiver has taken it. Not thread-safe.
class BodyReader {
 public:
  BodyReader() noexcept = default;
  BodyReader(http::BodyFraming framing, const http::BodyLimits& limits) noexcept
      : decoder_(framing, limits) {}

  /// `sink` has size_t body(std::string_view), which returns how much it took, and
  /// void trailer(const http::HeaderView&).
  template <typename Sink>
  BodyState pump(net::Buffer& in, Sink&& sink) {
    for (;;) {
      if (undelivered_ > 0) {
        const size_t taken = sink.body(in.readable().substr(0, undelivered_));
        undelivered_ -= taken;
        in.consume(taken);
        if (undelivered_ > 0) return BodyState::kBlocked;
      }
      const http::BodyStep step = decoder_.decode(in.readable());
      switch (step.event) {
        case http::BodyEvent::kNeedMore: in.consume(step.consumed); return BodyState::kNeedMore;
        case http::BodyEvent::kData:
          // The payload ends what was consumed: framing before it goes, the payload stays until
          // taken.
          in.consume(step.consumed - step.payload.size());
          undelivered_ = step.payload.size();
          break;
        case http::BodyEvent::kTrailer:
          sink.trailer(step.trailer);
          in.consume(step.consumed);
          break;
        case http::BodyEvent::kDone: in.consume(step.consumed); return BodyState::kDone;
        case http::BodyEvent::kError: error_ = step.error; return BodyState::kError;
      }
    }
  }

  bool done() const noexcept { return undelivered_ == 0 && decoder_.done(); }
  /// The connection ended after all its bytes were pumped: true if the body may end there.
  bool finish_at_close() noexcept { return undelivered_ == 0 && decoder_.finish_at_close(); }
  http::H1Error error() const noexcept { return error_; }

 private:
  http::BodyDecoder decoder_;
  size_t undelivered_ = 0;  // payload at the buffer's front that the sink has not taken
  http::H1Error error_ = http::H1Error::kNone;
};

}  // namespace weir::proxy
