#include "proxy/downstream_h2.h"

#include <utility>

#include "proxy/worker.h"
#include "weir/base/assert.h"

namespace weir::proxy {

DownstreamH2::DownstreamH2(Worker& worker, net::Transport transport, Caller caller)
    : H2Connection(worker),
      timer_(worker.loop().timers(), net::Callback::to<&DownstreamH2::on_timer>(this)),
      drain_timer_(worker.loop().timers(), net::Callback::to<&DownstreamH2::on_drain_timer>(this)),
      caller_(std::move(caller)),
      session_(worker.options().h2, *this, worker.loop().now()) {
  open(std::move(transport));
}

DownstreamH2::~DownstreamH2() {
  WEIR_ASSERT(closed_);
}

void DownstreamH2::start(std::string_view received) {
  timer_.arm(worker_.loop().now() + worker_.options().timeouts.connection_idle);
  receive(received);
  read();
  if (!closed_ && worker_.draining()) drain();
}

void DownstreamH2::after_send() {
  for (const int32_t id : std::exchange(drained_, {})) {
    if (DownstreamH2Stream* stream = find(id)) stream->on_sent();
  }
  std::erase_if(finishing_, [this](int32_t id) {
    if (find(id) == nullptr) return true;
    if (!session_.end_sent(id)) return false;
    session_.reset(id, http::H2Code::kNoError);
    return true;
  });
}

// While something is under way the timer ticks, twice in each stretch of the minimum rate; else it
// waits for the end of the idle time.
void DownstreamH2::keep_time() {
  if (closed_ || ticking_ || lingering() || (streams_.empty() && !session_.owed_input())) return;
  ticking_ = true;
  take_received();
  slow_ticks_ = 0;
  timer_.arm(worker_.loop().now() + worker_.options().timeouts.body_rate_window / 2);
}

void DownstreamH2::on_timer() {
  const Timeouts& timeouts = worker_.options().timeouts;
  if (lingering()) return close();
  if (!std::exchange(ticking_, false)) {
    session_.finish_drain();
    return want_flush();
  }
  // A frame that trickles in, heads above all (slowloris).
  const bool slow = session_.owed_input() && take_received() < timeouts.body_bytes_min / 2;
  slow_ticks_ = slow ? slow_ticks_ + 1 : 0;
  constexpr int kSlowTicksMax = 2;
  if (slow_ticks_ >= kSlowTicksMax) return close();
  for (size_t i = 0; i < streams_.size(); ++i) streams_[i]->on_tick();
  const int slow_ticks = slow_ticks_;
  timer_.arm(worker_.loop().now() + timeouts.connection_idle);
  keep_time();
  slow_ticks_ = slow_ticks;
}

void DownstreamH2::drain() {
  session_.begin_drain();
  drain_timer_.arm(worker_.loop().now() + kDrainNotice);
  want_flush();
}

void DownstreamH2::on_drain_timer() {
  session_.finish_drain();
  want_flush();
}

void DownstreamH2::on_finished() {
  if (wire_.hung_up()) return close();
  end_streams();
  drain_timer_.cancel();
  timer_.arm(worker_.loop().now() + worker_.options().timeouts.lingering_close);
  linger();
}

void DownstreamH2::end_streams() {
  for (const auto& stream : streams_) stream->on_closed();
  streams_.clear();
}

void DownstreamH2::close() {
  if (std::exchange(closed_, true)) return;
  end_streams();
  timer_.cancel();
  drain_timer_.cancel();
  shut();
  worker_.retire(*this);
}

void DownstreamH2::on_request(int32_t id, const http::RequestHead& head) {
  DownstreamH2Stream& stream =
      *streams_.emplace_back(std::make_unique<DownstreamH2Stream>(*this, id));
  stream.place = streams_.size() - 1;
  session_.set_user(id, &stream);
  stream.on_request(head);
}

void DownstreamH2::on_body(int32_t id, std::string_view payload) {
  find(id)->on_body(payload);
}

void DownstreamH2::on_trailers(int32_t id, const http::HeaderBlock& trailers) {
  find(id)->on_trailers(trailers);
}

void DownstreamH2::on_body_end(int32_t id) {
  find(id)->on_body_end();
}

void DownstreamH2::on_stream_closed(int32_t id, uint32_t) {
  DownstreamH2Stream& stream = *find(id);
  stream.on_closed();
  const size_t hole = stream.place;
  std::swap(streams_[hole], streams_.back());
  streams_[hole]->place = hole;
  streams_.pop_back();
}

http::H2BodyReady DownstreamH2::body_ready(int32_t id, size_t max) {
  return find(id)->out().ready(max);
}

void DownstreamH2::copy_body(int32_t id, std::span<char> out) {
  find(id)->out().copy(out);
}

void DownstreamH2::outgoing_trailers(int32_t id, http::H2FieldList& fields) {
  find(id)->out().list_trailers(fields);
}

}  // namespace weir::proxy
