// UpstreamH2: one HTTP/2 connection to an endpoint; each of its streams serves one attempt.
#pragma once

#include <list>
#include <memory>
#include <string_view>
#include <vector>

#include "http/h2_session.h"
#include "net/timer.h"
#include "proxy/h2_connection.h"
#include "proxy/upstream_h2_stream.h"

namespace weir::proxy {

class UpstreamPool;
struct PoolEndpoint;

/// Made, kept and destroyed by its UpstreamPool. Not thread-safe.
class UpstreamH2 final : public H2Connection, private http::H2ClientHandler {
 public:
  using Place = std::list<UpstreamH2>::iterator;

  UpstreamH2(Worker& worker, UpstreamPool& pool, PoolEndpoint& endpoint);
  ~UpstreamH2() override;

  void connect(net::Transport transport);
  /// True when another attempt may be opened on it.
  bool takes_more() const noexcept;
  /// Serves `attempt`, at once or when the connection stands.
  void open_stream(Attempt& attempt);
  /// Closes when its streams have ended; at once when there is none.
  void retire();
  /// Closes; the attempts hear nothing.
  void close();

  /// It was established once.
  bool stood() const noexcept { return stood_; }
  bool closed() const noexcept { return state_ == State::kClosed; }
  PoolEndpoint& endpoint() const noexcept { return endpoint_; }
  /// Every attempt fails, but those whose answer has come whole.
  void fail_all(const UpstreamFailure& failure);

  // For its streams.
  http::H2ClientSession& session() noexcept { return session_; }
  std::string_view authority() const noexcept;
  void watch_drain(int32_t stream) { drained_.push_back(stream); }
  /// A stream may have become over(), which destroys it, or stillborn(), which fails it, at the end
  /// of the turn.
  void on_stream_over();

  Place place;  ///< in the pool's list

 private:
  enum class State : uint8_t { kClosed, kConnecting, kReady, kRetiring };

  // Attempts that may wait for the connection to stand; more open another one.
  static constexpr size_t kWaitingMax = 100;

  void on_io(uint32_t events) override;
  void on_timer();
  void finish_connect();
  void sweep();

  // H2Connection.
  void flush_turn() override;
  http::H2Session& link() noexcept override { return session_; }
  void after_send() override;
  void after_read() override {}
  void on_down() override;

  // http::H2ClientHandler.
  void on_response(int32_t stream, const http::ResponseHead& head) override;
  void on_body(int32_t stream, std::string_view payload) override;
  void on_trailers(int32_t stream, const http::HeaderBlock& trailers) override;
  void on_body_end(int32_t stream) override;
  void on_stream_closed(int32_t stream, uint32_t code) override;
  http::H2BodyReady body_ready(int32_t stream, size_t max) override;
  void copy_body(int32_t stream, std::span<char> out) override;
  void outgoing_trailers(int32_t stream, http::H2FieldList& fields) override;

  UpstreamH2Stream* find(int32_t stream) const noexcept {
    return static_cast<UpstreamH2Stream*>(session_.user(stream));
  }

  UpstreamPool& pool_;
  PoolEndpoint& endpoint_;
  net::Timer timer_;
  http::H2ClientSession session_;
  std::vector<std::unique_ptr<UpstreamH2Stream>> streams_;
  std::vector<int32_t> drained_;  // at most once a stream
  State state_ = State::kClosed;
  bool sweep_wanted_ = false;
  bool stood_ = false;
  bool served_ = false;  // at least one answer
};

}  // namespace weir::proxy
