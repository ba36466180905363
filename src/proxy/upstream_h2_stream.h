// UpstreamH2Stream: one attempt on an HTTP/2 connection to an endpoint.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/h2_session.h"
#include "net/slab_ring.h"
#include "proxy/attempt.h"
#include "proxy/h2_outgoing.h"
#include "proxy/stream.h"

namespace weir::proxy {

class UpstreamH2;

/// The stream's window opens as the caller takes the answer, so that `in_` never holds more than
/// the window. Outlives the session's stream while the caller still has bytes to take. Not
/// thread-safe.
class UpstreamH2Stream final : public UpstreamStream {
 public:
  UpstreamH2Stream(UpstreamH2& connection, Attempt& attempt);

  /// The connection stands: sends the request.
  void start();
  /// The connection is gone, or could not be made. An answer that has come whole is still passed
  /// on.
  void fail(const UpstreamFailure& failure);

  // From the session.
  void on_response(const http::ResponseHead& head);
  void on_body(std::string_view payload);
  void on_trailers(const http::HeaderBlock& trailers);
  void on_body_end();
  void on_closed(uint32_t code);
  H2Outgoing& out() noexcept { return out_; }
  /// Some of the request's body has left.
  void on_sent();

  // UpstreamStream.
  void send_head(const http::RequestHead& head, const ForwardNotes& notes) override;
  size_t send_body(std::string_view payload) override;
  void send_trailer(const http::HeaderView& field) override;
  void send_end() override;
  void flush() override;
  void resume_body() override { pump(); }
  void cancel() override;

  /// Neither an attempt nor the session knows it any more.
  bool over() const noexcept { return attempt_ == nullptr && id_ < 0; }
  /// Its head could not be sent.
  bool stillborn() const noexcept { return stillborn_; }
  bool response_begun() const noexcept { return response_begun_; }

 private:
  struct Trailer {
    uint32_t begin;
    uint32_t name_size;
    uint32_t value_size;
    http::HeaderName id;
  };

  void pump();
  void finish();
  void reset(http::H2Code code);

  UpstreamH2& connection_;
  Attempt* attempt_;
  net::SlabRing in_;  // received and not taken by the caller
  H2Outgoing out_;
  std::string trailer_text_;
  std::vector<Trailer> trailers_;
  int32_t id_ = -1;
  bool response_begun_ = false;
  bool received_all_ = false;
  bool sent_end_ = false;
  bool pumping_ = false;
  bool stillborn_ = false;
};

}  // namespace weir::proxy
