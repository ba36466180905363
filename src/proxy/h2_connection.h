// H2Connection: what an HTTP/2 connection does with its socket, whichever end of it we are.
#pragma once

#include <string_view>
#include <utility>

#include "http/h2_session.h"
#include "net/event_loop.h"
#include "net/timer.h"
#include "proxy/turn_flush.h"
#include "proxy/wire.h"

namespace weir::proxy {

class Worker;

/// Carries bytes between a wire and a session. What all streams have to send in one turn of the
/// loop goes out together at its end. Not thread-safe.
class H2Connection : public TurnFlusher, protected net::IoHandler {
 public:
  H2Connection(const H2Connection&) = delete;
  H2Connection& operator=(const H2Connection&) = delete;

  // TurnFlusher.
  void flush_turn() override;

  // For the streams.
  Worker& worker() noexcept { return worker_; }
  void want_flush();

 protected:
  explicit H2Connection(Worker& worker);
  ~H2Connection() override = default;

  /// Registers the socket with the loop.
  void open(net::Transport transport);
  /// Forgets the socket, the timer and the turn; what the end's own close() does first.
  void shut();

  void on_io(uint32_t events) override;
  void read();
  void receive(std::string_view bytes);

  virtual http::H2Session& link() noexcept = 0;
  /// Some bytes have left.
  virtual void after_send() = 0;
  /// All that had come was received.
  virtual void after_read() = 0;
  /// The session has ended, or the socket has: close.
  virtual void on_down() = 0;
  /// All is sent and the session is over: by default that is the socket's end as well.
  virtual void on_finished() { on_down(); }
  /// Says that we send no more, and drops what still comes: closing with bytes unread would reset
  /// the connection, and what was sent last could be lost on its way. The owner sets a time.
  void linger() noexcept;
  bool lingering() const noexcept { return lingering_; }
  /// Bytes that came since this was last asked.
  uint64_t take_received() noexcept { return std::exchange(received_, 0); }
  /// False keeps a connection open that has nothing more to do.
  virtual bool may_finish() const noexcept { return true; }

  Worker& worker_;
  Wire wire_;

 private:
  // Reads and writes in one turn, at most (256 KiB each): the other connections want theirs.
  static constexpr int kReadsPerTurn = 16;
  static constexpr int kWritesPerTurn = 16;
  // What is dropped while lingering; who sends more gets the reset.
  static constexpr uint64_t kLingerBytesMax = 256 * 1024;

  bool send_some();

  net::Timer again_;  // goes on reading in the next turn
  uint64_t received_ = 0;  // bytes since it was taken
  bool lingering_ = false;
};

}  // namespace weir::proxy
