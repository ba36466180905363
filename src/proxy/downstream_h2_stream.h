// DownstreamH2Stream: one request on a caller's HTTP/2 connection, and its answer.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/h2_session.h"
#include "net/slab_ring.h"
#include "proxy/exchange.h"
#include "proxy/h2_outgoing.h"
#include "proxy/stream.h"

namespace weir::proxy {

class DownstreamH2;

/// The stream's window opens as the upstream takes the request's body, so that `in_` never holds
/// more than the window. Outlives its exchange until the session closes the stream. Not
/// thread-safe.
class DownstreamH2Stream final : public DownstreamStream {
 public:
  DownstreamH2Stream(DownstreamH2& connection, int32_t id);
  ~DownstreamH2Stream();

  // From the session.
  void on_request(const http::RequestHead& head);
  void on_body(std::string_view payload);
  void on_trailers(const http::HeaderBlock& trailers) noexcept { trailers_in_ = &trailers; }
  void on_body_end();
  void on_closed();
  H2Outgoing& out() noexcept { return out_; }

  /// Some of the answer's body has left.
  void on_sent();
  /// Twice in each stretch of the body's minimum rate.
  void on_tick();

  // DownstreamStream.
  void send_continue() override;
  void send_head(const http::ResponseHead& head, const ForwardNotes& notes) override;
  size_t send_body(std::string_view payload) override;
  void send_trailer(const http::HeaderView& field) override;
  void send_end() override;
  void send_answer(const Answer& answer, std::string_view request_id) override;
  void flush() override;
  void resume_body() override;
  void begin_tunnel() override { give_up(); }  // HTTP/2 has no 101
  void abort() override;

  size_t place = 0;  ///< in the connection's list

 private:
  // Ticks in a row below the rate: the first may have begun before the stream did.
  static constexpr int kSlowTicksMax = 3;

  void check_reader();
  void pump();
  void pass_on(size_t bytes);
  void end_exchange();
  void wake();
  void give_up();

  DownstreamH2& connection_;
  Exchange* exchange_ = nullptr;
  net::SlabRing in_;  // received and not taken by the upstream
  H2Outgoing out_;
  const http::HeaderBlock* trailers_in_ = nullptr;
  const int32_t id_;
  uint32_t body_bytes_ = 0;  // passed on since the last tick
  int slow_ticks_ = 0;
  size_t left_before_ = 0;  // of the answer, when its caller last took some
  Instant stalled_since_{};
  bool head_only_ = false;     // the request was HEAD
  bool grpc_ = false;          // what it sends may pause for as long as it likes
  bool wanted_ = false;        // the upstream takes the request's body
  bool received_all_ = false;  // END_STREAM came
  bool passed_all_ = false;
  bool given_up_ = false;
};

}  // namespace weir::proxy
