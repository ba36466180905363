// DownstreamH2: one caller's HTTP/2 connection. Each of its streams is an exchange of its own.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "http/h2_session.h"
#include "net/timer.h"
#include "proxy/caller.h"
#include "proxy/downstream.h"
#include "proxy/downstream_h2_stream.h"
#include "proxy/h2_connection.h"

namespace weir::proxy {

/// Made and destroyed by its Worker. Not thread-safe.
///
/// A caller that closes its sending side counts as gone, as over HTTP/1.
class DownstreamH2 final : public Downstream, public H2Connection, private http::H2ServerHandler {
 public:
  DownstreamH2(Worker& worker, net::Transport transport, Caller caller);
  ~DownstreamH2() override;

  /// Once it stands in the worker's list; `received` is what has come, the client's preface first.
  void start(std::string_view received);

  // Downstream.
  /// Graceful (RFC 9113 §6.8): GOAWAY that names no stream, a round trip later one that does; then
  /// closes when the open streams are answered.
  void drain() override;
  void close() override;

  // For its streams.
  http::H2ServerSession& session() noexcept { return session_; }
  const Caller& caller() const noexcept { return caller_; }
  /// Tell me by on_sent() when this stream's bytes have left.
  void watch_drain(int32_t stream) { drained_.push_back(stream); }
  /// The answer is complete before the request: once it left, the rest of the request is called
  /// off (RFC 9113 §8.1).
  void watch_end(int32_t stream) { finishing_.push_back(stream); }

 private:
  // Between the two GOAWAY frames; longer than most round trips.
  static constexpr Duration kDrainNotice = std::chrono::milliseconds(250);

  void on_timer();
  void on_drain_timer();
  void keep_time();
  void end_streams();

  // H2Connection.
  http::H2Session& link() noexcept override { return session_; }
  void after_send() override;
  void after_read() override { keep_time(); }
  void on_down() override { close(); }
  void on_finished() override;
  bool may_finish() const noexcept override { return !drain_timer_.armed(); }

  // http::H2ServerHandler.
  void on_request(int32_t stream, const http::RequestHead& head) override;
  void on_body(int32_t stream, std::string_view payload) override;
  void on_trailers(int32_t stream, const http::HeaderBlock& trailers) override;
  void on_body_end(int32_t stream) override;
  void on_stream_closed(int32_t stream, uint32_t code) override;
  http::H2BodyReady body_ready(int32_t stream, size_t max) override;
  void copy_body(int32_t stream, std::span<char> out) override;
  void outgoing_trailers(int32_t stream, http::H2FieldList& fields) override;

  DownstreamH2Stream* find(int32_t stream) const noexcept {
    return static_cast<DownstreamH2Stream*>(session_.user(stream));
  }

  net::Timer timer_;
  net::Timer drain_timer_;
  Caller caller_;
  http::H2ServerSession session_;
  std::vector<std::unique_ptr<DownstreamH2Stream>> streams_;  // ≤ H2Limits::streams_max
  std::vector<int32_t> drained_;                              // at most once a stream
  std::vector<int32_t> finishing_;                            // at most once a stream
  int slow_ticks_ = 0;                                        // in a row, with a frame owed
  bool ticking_ = false;  // timer_ watches over progress, not over idleness
  bool closed_ = false;
};

}  // namespace weir::proxy
