// UpstreamH1: one HTTP/1.1 connection to an endpoint, idle or serving one attempt.
#pragma once

#include <list>

#include "net/event_loop.h"
#include "net/timer.h"
#include "proxy/attempt.h"
#include "proxy/body_reader.h"
#include "proxy/h1_wire.h"
#include "proxy/stream.h"

namespace weir::proxy {

class UpstreamPool;
class Worker;
struct PoolEndpoint;

/// Made, kept and destroyed by its UpstreamPool. Not thread-safe.
class UpstreamH1 final : public UpstreamStream, private net::IoHandler {
 public:
  using Place = std::list<UpstreamH1>::iterator;

  UpstreamH1(Worker& worker, UpstreamPool& pool, PoolEndpoint& endpoint);
  ~UpstreamH1();

  enum class State : uint8_t { kClosed, kConnecting, kIdle, kBusy };

  /// Waits for the connection to stand, for `attempt`; tells the pool how it went.
  void connect(net::Transport transport, Attempt& attempt);
  /// Serves `attempt` on this idle connection.
  void assign(Attempt& attempt);
  /// Waits in the pool until `until` at most.
  void rest(Instant until);
  /// Closes; the attempt, if any, hears nothing.
  void close();

  // UpstreamStream.
  void send_head(const http::RequestHead& head, const ForwardNotes& notes) override;
  size_t send_body(std::string_view payload) override { return wire_.send_body(payload); }
  void send_trailer(const http::HeaderView& field) override { wire_.send_trailer(field); }
  void send_end() override;
  void flush() override;
  void resume_body() override;
  void cancel() override;

  PoolEndpoint& endpoint() const noexcept { return endpoint_; }
  State state() const noexcept { return state_; }
  Attempt* attempt() const noexcept { return attempt_; }

  Place place;  ///< in the pool's list
  UpstreamH1* next_idle = nullptr;
  UpstreamH1* prev_idle = nullptr;

 private:
  enum class Step : uint8_t { kMore, kBlocked, kOver };

  // Reads of one connection in one turn, at most (256 KiB): the others want to be served too.
  static constexpr int kReadsPerTurn = 16;

  void on_io(uint32_t events) override;
  void on_timer();
  void finish_connect();
  bool send_proxy_header();
  void serve();
  Step parse();
  Step parse_head();
  void begin_tunnel();
  void finish_response();
  void on_end();
  void fail(Fault fault, http::H1Error error = http::H1Error::kNone);

  Worker& worker_;
  UpstreamPool& pool_;
  PoolEndpoint& endpoint_;
  Attempt* attempt_ = nullptr;
  H1Wire wire_;
  net::Timer timer_;
  net::Timer again_;  // goes on in the next turn
  BodyReader body_;
  uint32_t served_ = 0;
  State state_ = State::kClosed;
  bool head_done_ = false;
  bool response_seen_ = false;  // at least one byte of it
  bool request_done_ = false;
  bool keep_alive_ = false;
  bool tunnel_ = false;       // after a 101
  bool header_sent_ = false;  // of the PROXY protocol
  bool serving_ = false;      // inside serve(): resume_body() must not call it again
};

}  // namespace weir::proxy
