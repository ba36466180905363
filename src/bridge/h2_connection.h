// One HTTP/2 connection of the H2Sender.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "bridge/h2_sender.h"
#include "http/h2_session.h"

namespace weir::bridge {

/// Requests are written when the loop's turn ends, so that those of one turn share a write. Made
/// and destroyed by its H2Sender.
class H2Sender::Connection final : private net::IoHandler, private http::H2ClientHandler {
 public:
  Connection(H2Sender& owner, const Endpoint& endpoint);
  ~Connection() override;

  /// Whether another record may be sent on it.
  bool has_room() const noexcept { return !closed_ && session_.can_request(); }
  void send(Record& record);

 private:
  struct Exchange;
  // What one write takes; what the socket does not is kept.
  static constexpr size_t kOutBytes = 32 * 1024;

  void on_io(uint32_t events) override;
  bool connected();
  void read();
  void flush();
  void on_timer();
  void after_event();
  /// Ends all that is under way in this way, and the connection.
  void close(Answer answer, const std::string& why);
  void finish(int32_t stream, Delivery delivery);
  void timed_out(int32_t stream);
  Delivery delivery_of_close(const Exchange& exchange, uint32_t code) const;

  void on_response(int32_t stream, const http::ResponseHead& head) override;
  void on_body(int32_t stream, std::string_view payload) override;
  void on_trailers(int32_t stream, const http::HeaderBlock& trailers) override;
  void on_body_end(int32_t) override {}
  void on_stream_closed(int32_t stream, uint32_t code) override;
  http::H2BodyReady body_ready(int32_t stream, size_t max) override;
  void copy_body(int32_t stream, std::span<char> out) override;
  void outgoing_trailers(int32_t, http::H2FieldList&) override {}

  H2Sender& owner_;
  const std::string authority_;
  const bool grpc_;
  net::Fd fd_;
  bool open_ = false;    // connected
  bool closed_ = false;  // for good
  std::string failure_;
  http::H2ClientSession session_;
  std::unordered_map<int32_t, std::unique_ptr<Exchange>> exchanges_;  // by stream
  std::array<char, kOutBytes> out_;
  size_t out_begin_ = 0;
  size_t out_end_ = 0;
  net::Timer timer_;
  net::Task flush_task_;
};

}  // namespace weir::bridge
