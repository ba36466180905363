#include "proxy/upstream_h2.h"

#include <utility>

#include "proxy/upstream_pool.h"
#include "proxy/worker.h"
#include "weir/base/assert.h"

namespace weir::proxy {

UpstreamH2::UpstreamH2(Worker& worker, UpstreamPool& pool, PoolEndpoint& endpoint)
    : H2Connection(worker),
      pool_(pool),
      endpoint_(endpoint),
      timer_(worker.loop().timers(), net::Callback::to<&UpstreamH2::on_timer>(this)),
      session_(worker.options().h2, *this, worker.loop().now()) {}

UpstreamH2::~UpstreamH2() {
  WEIR_ASSERT(state_ == State::kClosed);
}

std::string_view UpstreamH2::authority() const noexcept {
  return endpoint_.authority;
}

void UpstreamH2::connect(net::Transport transport) {
  state_ = State::kConnecting;
  open(std::move(transport));
  timer_.arm(worker_.loop().now() + worker_.options().timeouts.connect);
}

bool UpstreamH2::takes_more() const noexcept {
  switch (state_) {
    case State::kConnecting: return streams_.size() < kWaitingMax;
    case State::kReady: return session_.can_request();
    case State::kRetiring:
    case State::kClosed: return false;
  }
  return false;
}

void UpstreamH2::open_stream(Attempt& attempt) {
  UpstreamH2Stream& stream =
      *streams_.emplace_back(std::make_unique<UpstreamH2Stream>(*this, attempt));
  pool_.note_streams(endpoint_, 1);
  attempt.on_connecting(stream);
  if (state_ != State::kReady) return;
  timer_.cancel();
  stream.start();
}

void UpstreamH2::on_io(uint32_t events) {
  if (state_ != State::kConnecting) return H2Connection::on_io(events);
  wire_.note_events(events);
  finish_connect();
}

void UpstreamH2::finish_connect() {
  switch (wire_.establish()) {
    case Establish::kAgain: return;
    case Establish::kRefused: return pool_.h2_connect_failed(*this, Fault::kConnectRefused);
    case Establish::kTlsFailed: return pool_.h2_connect_failed(*this, Fault::kUpstreamTls);
    case Establish::kDone: break;
  }
  if (wire_.tls() != nullptr && wire_.tls()->protocol() != "h2")
    return pool_.h2_connect_failed(*this, Fault::kUpstreamTls);
  state_ = State::kReady;
  stood_ = true;
  timer_.cancel();
  pool_.h2_connected(*this);
  want_flush();
  const size_t waiting = streams_.size();  // further ones start on their own
  for (size_t i = 0; i < waiting; ++i) streams_[i]->start();
  on_stream_over();
  read();
}

void UpstreamH2::on_timer() {
  if (state_ == State::kConnecting) return pool_.h2_connect_failed(*this, Fault::kConnectTimeout);
  if (streams_.empty()) retire();
}

void UpstreamH2::retire() {
  if (state_ == State::kClosed) return;
  if (streams_.empty()) return pool_.h2_discard(*this);
  if (state_ == State::kReady) state_ = State::kRetiring;
}

void UpstreamH2::close() {
  if (std::exchange(state_, State::kClosed) == State::kClosed) return;
  timer_.cancel();
  pool_.note_streams(endpoint_, -static_cast<int>(streams_.size()));
  streams_.clear();
  shut();
}

void UpstreamH2::on_down() {
  shut();
  fail_all({Fault::kUpstreamClosed, false, false, {}});
}

// A caller may still have to take the rest of an answer that came whole; until then the connection
// stays, without its socket.
void UpstreamH2::fail_all(const UpstreamFailure& failure) {
  state_ = State::kRetiring;  // no retry may come back to it
  for (size_t i = 0; i < streams_.size(); ++i) {
    UpstreamFailure own = failure;
    own.stale = served_ && !streams_[i]->response_begun();
    streams_[i]->fail(own);
  }
  on_stream_over();
}

void UpstreamH2::on_stream_over() {
  sweep_wanted_ = true;
  want_flush();
}

void UpstreamH2::flush_turn() {
  if (state_ == State::kConnecting || state_ == State::kClosed) return;
  if (wire_.is_open()) H2Connection::flush_turn();
  if (state_ != State::kClosed && std::exchange(sweep_wanted_, false)) sweep();
}

// Streams that are over are destroyed here, where none of their functions is on the stack.
void UpstreamH2::sweep() {
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i]->stillborn()) streams_[i]->fail({Fault::kUpstreamClosed, false, false, {}});
  }
  const size_t before = streams_.size();
  std::erase_if(streams_, [](const auto& stream) { return stream->over(); });
  pool_.note_streams(endpoint_, static_cast<int>(streams_.size()) - static_cast<int>(before));
  if (!streams_.empty()) return;
  if (state_ == State::kRetiring || pool_.draining()) return retire();
  timer_.arm(worker_.loop().now() + worker_.options().timeouts.upstream_idle);
}

void UpstreamH2::after_send() {
  for (const int32_t id : std::exchange(drained_, {})) {
    if (UpstreamH2Stream* stream = find(id)) stream->on_sent();
  }
}

void UpstreamH2::on_response(int32_t id, const http::ResponseHead& head) {
  served_ = true;
  if (UpstreamH2Stream* stream = find(id)) stream->on_response(head);
}

void UpstreamH2::on_body(int32_t id, std::string_view payload) {
  if (UpstreamH2Stream* stream = find(id)) stream->on_body(payload);
}

void UpstreamH2::on_trailers(int32_t id, const http::HeaderBlock& trailers) {
  if (UpstreamH2Stream* stream = find(id)) stream->on_trailers(trailers);
}

void UpstreamH2::on_body_end(int32_t id) {
  if (UpstreamH2Stream* stream = find(id)) stream->on_body_end();
}

void UpstreamH2::on_stream_closed(int32_t id, uint32_t code) {
  if (UpstreamH2Stream* stream = find(id)) stream->on_closed(code);
}

http::H2BodyReady UpstreamH2::body_ready(int32_t id, size_t max) {
  return find(id)->out().ready(max);
}

void UpstreamH2::copy_body(int32_t id, std::span<char> out) {
  find(id)->out().copy(out);
}

void UpstreamH2::outgoing_trailers(int32_t id, http::H2FieldList& fields) {
  find(id)->out().list_trailers(fields);
}

}  // namespace weir::proxy
