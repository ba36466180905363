#include "proxy/downstream_h1.h"

#include <algorithm>
#include <utility>

#include "http/h1_forward.h"
#include "http/h1_parser.h"
#include "proxy/refusal.h"
#include "proxy/worker.h"
#include "weir/base/assert.h"

namespace weir::proxy {
namespace {

// What the forwarded head may add to the one that came: Via, X-Request-Id, framing, Connection.
constexpr size_t kAddedBytesMax = 512;
constexpr size_t kHintBytesMax = 8 * 1024;

// What a client sends first when it knows that we speak HTTP/2 (RFC 9113 §3.4).
constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// A first line of three words that names no version of HTTP: whoever sends it would not read an
// answer in it.
bool speaks_http(std::string_view bytes) noexcept {
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  return std::count(line.begin(), line.end(), ' ') != 2 ||
         line.find("HTTP/") != std::string_view::npos;
}

}  // namespace

struct DownstreamH1::BodySink {
  DownstreamH1& connection;
  size_t body(std::string_view payload) const {
    const size_t taken = connection.exchange_->on_request_body(payload);
    connection.body_bytes_ += taken;
    return taken;
  }
  void trailer(const http::HeaderView& field) const {
    connection.exchange_->on_request_trailer(field);
  }
};

DownstreamH1::DownstreamH1(Worker& worker, net::Transport transport, Caller caller)
    : worker_(worker),
      wire_(worker.slabs()),
      timer_(worker.loop().timers(), net::Callback::to<&DownstreamH1::on_timer>(this)),
      again_(worker.loop().timers(), net::Callback::to<&DownstreamH1::process>(this)),
      caller_(std::move(caller)) {
  wire_.open(std::move(transport));
  const bool added = worker_.loop().add(wire_.fd(), *this);
  const Duration patience = added ? worker_.options().timeouts.connection_idle : Duration::zero();
  timer_.arm(worker_.loop().now() + patience);
}

DownstreamH1::~DownstreamH1() {
  WEIR_ASSERT(phase_ == Phase::kClosed);
}

void DownstreamH1::on_io(uint32_t events) {
  if (phase_ == Phase::kClosed) return;
  const bool was_blocked = wire_.blocked();
  wire_.note_events(events);
  if (phase_ == Phase::kLinger) return linger();
  if (was_blocked && !wire_.blocked()) on_writable();
  process();
}

void DownstreamH1::on_writable() {
  flush();
  if (phase_ == Phase::kClosed || wire_.blocked()) return;
  if (phase_ == Phase::kExchange) return exchange_->on_caller_writable();
  if (close_after_ && wire_.drained()) finish_close();
}

void DownstreamH1::process() {
  if (processing_) return;
  processing_ = true;
  int served = 0;
  while (served < kRequestsPerTurn && serve_one()) ++served;
  processing_ = false;
  if (served == kRequestsPerTurn) again_.arm(worker_.loop().now());
}

// True when another request may stand behind this one.
bool DownstreamH1::serve_one() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kHead) {
    // The answer before must have left: what waits for a slow reader is bounded by one answer.
    if (close_after_ || !wire_.drained() || !read_head()) return false;
  }
  if (phase_ == Phase::kExchange && body_wanted_ && !body_done_) read_body();
  if (phase_ == Phase::kExchange && body_done_ && wire_.hung_up() && !tunnel_) close();
  return phase_ == Phase::kIdle && !close_after_;
}

bool DownstreamH1::read_head() {
  for (;;) {
    if (fresh_ && may_be_h2()) {
      if (wire_.in.size() >= kH2Preface.size()) {
        become_h2();
        return false;
      }
      await_head();
    } else if (!wire_.in.empty()) {
      if (exchange_ == nullptr) {
        exchange_ = &worker_.take_exchange();
        exchange_->request.reset();
      }
      const http::ParseResult result = http::parse_request(
          wire_.in.readable(), worker_.options().head_limits, exchange_->request);
      if (result.done()) {
        begin_exchange(result.consumed);
        return true;
      }
      if (result.status == http::ParseStatus::kError) {
        if (fresh_ && !speaks_http(wire_.in.readable())) {
          close();
          return false;
        }
        reject(Fault::kMalformedRequest, result.error);
        return false;
      }
      if (wire_.in.full() && !wire_.in.grow()) {
        reject(Fault::kMalformedRequest, http::H1Error::kHeadTooLarge);
        return false;
      }
      await_head();
    }
    const Fill fill = wire_.fill();
    if (fill == Fill::kData) continue;
    if (fill == Fill::kEnd || fill == Fill::kError) close();
    return false;
  }
}

void DownstreamH1::await_head() {
  if (phase_ == Phase::kHead) return;
  phase_ = Phase::kHead;
  timer_.arm(worker_.loop().now() + worker_.options().timeouts.request_head);
}

// True while all that has come agrees with the preface, and it is not nothing.
bool DownstreamH1::may_be_h2() const noexcept {
  const std::string_view begin = wire_.in.readable().substr(0, kH2Preface.size());
  return !begin.empty() && begin.front() == 'P' && kH2Preface.starts_with(begin);
}

void DownstreamH1::become_h2() {
  phase_ = Phase::kClosed;
  timer_.cancel();
  worker_.loop().remove(wire_.fd(), *this);
  worker_.adopt_h2(wire_.release(), std::move(caller_), wire_.in.readable());
  wire_.close();
  worker_.retire(*this);
}

void DownstreamH1::begin_exchange(uint32_t head_size) {
  const http::RequestHead& request = exchange_->request;
  phase_ = Phase::kExchange;
  fresh_ = false;
  head_size_ = head_size;
  minor_version_ = request.minor_version;
  head_only_ = request.method == http::Method::kHead;
  close_after_ = !request.keep_alive || worker_.draining();
  body_ = BodyReader(request.body, worker_.options().body_limits);
  body_done_ = !request.body.has_body();
  body_wanted_ = body_timed_ = false;
  exchange_->start(*this, caller_);
}

void DownstreamH1::drop_head() noexcept {
  wire_.in.consume(std::exchange(head_size_, 0));
}

void DownstreamH1::resume_body() {
  drop_head();
  body_wanted_ = true;
  process();
}

void DownstreamH1::read_body() {
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    switch (body_.pump(wire_.in, BodySink{*this})) {
      case BodyState::kNeedMore: break;
      case BodyState::kBlocked: body_wanted_ = false; return exchange_->on_request_pause();
      case BodyState::kDone: body_done_ = true; return exchange_->on_request_end();
      case BodyState::kError:
        close_after_ = true;
        return exchange_->on_request_malformed(body_.error());
    }
    const Fill fill = wire_.fill();
    if (fill == Fill::kEnd && tunnel_) {
      body_done_ = true;
      return exchange_->on_request_end();
    }
    if (fill == Fill::kEnd || fill == Fill::kError) return close();
    if (fill == Fill::kData) continue;
    if (!tunnel_ && !std::exchange(body_timed_, true)) {
      body_bytes_ = 0;
      timer_.arm(worker_.loop().now() + worker_.options().timeouts.body_rate_window);
    }
    return exchange_->on_request_pause();
  }
  again_.arm(worker_.loop().now());
  exchange_->on_request_pause();
}

void DownstreamH1::send_continue() {
  if (minor_version_ == 0) return;
  wire_.send_raw("HTTP/1.1 100 Continue\r\n\r\n");
  wire_.flush();
}

void DownstreamH1::send_head(const http::ResponseHead& head, const ForwardNotes& notes) {
  const size_t size = head.headers.lines(0, head.headers.size()).size() +
                      head.status_text().size() + kAddedBytesMax;
  // A hint that is large or would have to wait for a slow reader is not worth its memory; and the
  // real head must fit behind it.
  const bool hint_fits = wire_.drained() && size <= kHintBytesMax;
  if (head.is_interim() && (minor_version_ == 0 || !hint_fits)) return;
  if (http::downstream_must_close(head, minor_version_)) close_after_ = true;
  http::ResponseForwarding how;
  how.client_minor_version = minor_version_;
  how.keep_alive = !close_after_;
  how.request_id = notes.request_id;
  how.extra_lines = notes.extra_lines;
  how.drop = notes.drop;
  http::HeadWriter writer = wire_.head_writer(size);
  const bool fits = write_forwarded_response(head, how, writer);
  WEIR_ASSERT(fits);
  wire_.commit_head(writer);
  if (!head.is_interim()) wire_.begin_body(downstream_framing(head, minor_version_));
}

size_t DownstreamH1::send_body(std::string_view payload) {
  return wire_.send_body(payload);
}

void DownstreamH1::send_end() {
  wire_.end_body();
  end_exchange();
}

void DownstreamH1::send_answer(const Answer& answer, std::string_view request_id) {
  discard_body();
  if (!body_done_) close_after_ = true;
  AnswerDelivery delivery;
  delivery.request_id = request_id;
  delivery.keep_alive = !close_after_;
  delivery.head_only = head_only_;
  delivery.client_minor_version = minor_version_;
  http::HeadWriter writer = wire_.head_writer(kAnswerBytesMax);
  const bool fits = write_answer(answer, delivery, writer);
  WEIR_ASSERT(fits);
  wire_.commit_head(writer);
  end_exchange();
}

// What has come of a body that nobody wants, so that a small one does not cost the connection.
void DownstreamH1::discard_body() {
  struct Discard {
    size_t body(std::string_view payload) const { return payload.size(); }
    void trailer(const http::HeaderView&) const {}
  };
  drop_head();
  if (!body_done_ && !close_after_)
    body_done_ = body_.pump(wire_.in, Discard{}) == BodyState::kDone;
}

void DownstreamH1::end_exchange() {
  exchange_ = nullptr;
  phase_ = Phase::kIdle;
  drop_head();
  if (!body_done_) close_after_ = true;
  flush();
  if (phase_ == Phase::kClosed) return;
  const Timeouts& timeouts = worker_.options().timeouts;
  const Instant now = worker_.loop().now();
  if (!wire_.drained()) return timer_.arm(now + timeouts.stream_idle);
  if (close_after_) return finish_close();
  timer_.arm(now + timeouts.connection_idle);
  process();
}

void DownstreamH1::flush() {
  wire_.flush();
  if (wire_.failed()) close();
}

// A request that cannot be served because nobody knows where it ends.
void DownstreamH1::reject(Fault fault, http::H1Error error) {
  if (exchange_ != nullptr) worker_.give_back(*exchange_);
  close_after_ = true;
  body_done_ = false;  // whatever else comes is not a request
  minor_version_ = 1;
  head_only_ = false;
  body_ = BodyReader();
  worker_.routes().count_unrouted(worker_.index(), Criticality::kCritical);
  DetailText text;
  wire_.in.release();
  send_answer(fault_answer(fault, {}, error, text), {});
}

// What the caller sent ahead of the 101 was left where it was until now.
void DownstreamH1::begin_tunnel() {
  tunnel_ = close_after_ = true;
  body_ = BodyReader({http::BodyKind::kUntilClose, 0}, worker_.options().body_limits);
  body_done_ = false;
  wire_.begin_body({http::BodyKind::kUntilClose, 0});
  resume_body();
}

void DownstreamH1::abort() {
  exchange_ = nullptr;
  net::set_reset_on_close(wire_.fd());
  close();
}

// Closing with unread bytes in the kernel makes it send a reset, which can overtake the answer.
void DownstreamH1::finish_close() {
  if ((body_done_ && wire_.in.empty() && !wire_.readable()) || wire_.hung_up()) return close();
  phase_ = Phase::kLinger;
  wire_.finish();
  wire_.in.release();
  timer_.arm(worker_.loop().now() + worker_.options().timeouts.lingering_close);
  linger();
}

void DownstreamH1::linger() {
  for (;;) {
    const Fill fill = wire_.fill();
    if (fill == Fill::kEmpty) return;
    lingered_ += wire_.in.size();
    wire_.in.release();
    if (fill != Fill::kData || lingered_ > kLingerBytesMax) return close();
  }
}

void DownstreamH1::on_timer() {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kLinger: return close();
    case Phase::kHead: return reject(Fault::kRequestTimeout, http::H1Error::kNone);
    case Phase::kExchange: return on_body_timer();
    case Phase::kClosed: return;
  }
}

void DownstreamH1::on_body_timer() {
  const Timeouts& timeouts = worker_.options().timeouts;
  if (body_done_ || !body_timed_) return;  // left over from before the exchange
  if (body_wanted_ && body_bytes_ < timeouts.body_bytes_min) {
    close_after_ = true;
    return exchange_->on_request_timeout();
  }
  body_bytes_ = 0;
  timer_.arm(worker_.loop().now() + timeouts.body_rate_window);
}

void DownstreamH1::drain() {
  if (phase_ == Phase::kIdle && wire_.in.empty() && wire_.drained()) return close();
  if (phase_ == Phase::kExchange || !wire_.drained()) close_after_ = true;
}

void DownstreamH1::close() {
  if (phase_ == Phase::kClosed) return;
  const Phase was = std::exchange(phase_, Phase::kClosed);
  if (exchange_ != nullptr) {
    Exchange& exchange = *std::exchange(exchange_, nullptr);
    if (was == Phase::kExchange) {
      exchange.on_caller_gone();
    } else {
      worker_.give_back(exchange);
    }
  }
  timer_.cancel();
  worker_.loop().remove(wire_.fd(), *this);
  wire_.close();
  worker_.retire(*this);
}

}  // namespace weir::proxy
