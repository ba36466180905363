// DownstreamOpening: a caller's connection before the first byte of HTTP, while a PROXY protocol
// header is read and TLS is agreed on. Plain connections skip it.
#pragma once

#include <memory>
#include <optional>

#include "net/event_loop.h"
#include "net/timer.h"
#include "net/transport.h"
#include "proxy/caller.h"
#include "proxy/downstream.h"

namespace weir::proxy {

class Worker;

/// Has Timeouts::request_head for all of it, then becomes a connection of the protocol that the
/// caller chose. Not thread-safe.
class DownstreamOpening final : public Downstream, private net::IoHandler {
 public:
  DownstreamOpening(Worker& worker, net::Fd fd, const net::Address& peer);
  ~DownstreamOpening() override;

  // Downstream.
  void drain() override { close(); }
  void close() override;

 private:
  enum class Step : uint8_t { kDone, kAgain, kFailed };

  void on_io(uint32_t events) override;
  void on_timer() { close(); }
  Step advance();
  Step read_proxy_header();
  Step shake_hands();
  void hand_over();
  void forget();

  Worker& worker_;
  net::Fd fd_;
  net::Timer timer_;
  Caller caller_;
  std::unique_ptr<net::TlsSession> tls_;
  bool header_wanted_;
  bool tls_wanted_;
  bool closed_ = false;
};

}  // namespace weir::proxy
