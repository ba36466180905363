// DownstreamH1: one caller's HTTP/1 connection. Requests are served one after another, in the order
// in which they came; what a caller sends ahead waits in the kernel.
#pragma once

#include "net/event_loop.h"
#include "net/timer.h"
#include "proxy/body_reader.h"
#include "proxy/caller.h"
#include "proxy/downstream.h"
#include "proxy/exchange.h"
#include "proxy/h1_wire.h"
#include "proxy/stream.h"

namespace weir::proxy {

/// Not thread-safe. A connection whose first bytes are the preface of HTTP/2 is handed over to
/// DownstreamH2 (prior knowledge, RFC 9113 §3.3).
///
/// A caller that closes its sending side while it waits for an answer counts as gone, as with
/// nginx: that is how a caller that gave up looks like, and its work is cancelled.
class DownstreamH1 final : public Downstream, public DownstreamStream, private net::IoHandler {
 public:
  DownstreamH1(Worker& worker, net::Transport transport, Caller caller);
  ~DownstreamH1() override;

  /// For a connection that stands for a while already: reads what has come.
  void start() { process(); }

  // Downstream.
  void drain() override;
  void close() override;

  // DownstreamStream.
  void send_continue() override;
  void send_head(const http::ResponseHead& head, const ForwardNotes& notes) override;
  size_t send_body(std::string_view payload) override;
  void send_trailer(const http::HeaderView& field) override { wire_.send_trailer(field); }
  void send_end() override;
  void send_answer(const Answer& answer, std::string_view request_id) override;
  void flush() override;
  void resume_body() override;
  void begin_tunnel() override;
  void abort() override;

 private:
  enum class Phase : uint8_t {
    kIdle,      ///< between two requests
    kHead,      ///< a part of a head has come
    kExchange,  ///< a request is being served
    kLinger,    ///< answered for the last time; what still comes is dropped
    kClosed,
  };

  // Answers in one turn, at most: a caller that sends thousands of requests ahead is not alone.
  static constexpr int kRequestsPerTurn = 32;
  // Reads of a body in one turn, at most (256 KiB).
  static constexpr int kReadsPerTurn = 16;
  // Read and dropped after the last answer, at most.
  static constexpr size_t kLingerBytesMax = 1024 * 1024;

  struct BodySink;

  void on_io(uint32_t events) override;
  void on_timer();
  void on_body_timer();
  void on_writable();
  void process();
  bool serve_one();
  bool read_head();
  void await_head();
  bool may_be_h2() const noexcept;
  void become_h2();
  void read_body();
  void begin_exchange(uint32_t head_size);
  void end_exchange();
  void drop_head() noexcept;
  void discard_body();
  void reject(Fault fault, http::H1Error error);
  void finish_close();
  void linger();

  Worker& worker_;
  Exchange* exchange_ = nullptr;  // taken at a request's first byte
  H1Wire wire_;
  net::Timer timer_;
  net::Timer again_;  // goes on in the next turn
  Caller caller_;
  BodyReader body_;
  uint64_t body_bytes_ = 0;  // in the present stretch of the body's minimum rate
  size_t lingered_ = 0;
  uint32_t head_size_ = 0;  // bytes of the head that stand at the front of wire_.in
  uint8_t minor_version_ = 1;
  Phase phase_ = Phase::kIdle;
  bool body_wanted_ = false;  // the upstream takes it
  bool body_done_ = true;
  bool body_timed_ = false;
  bool head_only_ = false;  // the request was HEAD
  bool close_after_ = false;
  bool tunnel_ = false;  // neither side speaks HTTP any more
  bool fresh_ = true;    // no request has come yet
  bool processing_ = false;
};

}  // namespace weir::proxy
