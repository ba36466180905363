#include "proxy/upstream_h1.h"

#include <utility>

#include "http/h1_forward.h"
#include "http/h1_parser.h"
#include "proxy/caller.h"
#include "proxy/upstream_pool.h"
#include "proxy/worker.h"
#include "weir/base/assert.h"

namespace weir::proxy {
namespace {

// What the forwarded head may add to the one that came: Via, X-Forwarded-*, X-Request-Id, deadline.
constexpr size_t kAddedBytesMax = 1024;

struct ResponseSink {
  Attempt& attempt;
  size_t body(std::string_view payload) const { return attempt.on_response_body(payload); }
  void trailer(const http::HeaderView& field) const { attempt.on_response_trailer(field); }
};

size_t head_bytes(const http::HeaderBlock& headers) noexcept {
  return headers.lines(0, headers.size()).size();
}

}  // namespace

UpstreamH1::UpstreamH1(Worker& worker, UpstreamPool& pool, PoolEndpoint& endpoint)
    : worker_(worker),
      pool_(pool),
      endpoint_(endpoint),
      wire_(worker.slabs()),
      timer_(worker.loop().timers(), net::Callback::to<&UpstreamH1::on_timer>(this)),
      again_(worker.loop().timers(), net::Callback::to<&UpstreamH1::serve>(this)) {}

UpstreamH1::~UpstreamH1() {
  WEIR_ASSERT(state_ == State::kClosed);
}

void UpstreamH1::connect(net::Transport transport, Attempt& attempt) {
  state_ = State::kConnecting;
  attempt_ = &attempt;
  wire_.open(std::move(transport));
  worker_.loop().add(wire_.fd(), *this);
  timer_.arm(worker_.loop().now() + worker_.options().timeouts.connect);
}

void UpstreamH1::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  attempt_ = nullptr;
  timer_.cancel();
  worker_.loop().remove(wire_.fd(), *this);
  wire_.close();
}

void UpstreamH1::rest(Instant until) {
  state_ = State::kIdle;
  timer_.arm(until);
}

void UpstreamH1::assign(Attempt& attempt) {
  state_ = State::kBusy;
  attempt_ = &attempt;
  head_done_ = response_seen_ = request_done_ = keep_alive_ = tunnel_ = false;
  attempt.response.reset();
  attempt.on_ready(*this);
}

void UpstreamH1::send_head(const http::RequestHead& head, const ForwardNotes& notes) {
  http::RequestForwarding how;
  how.client_address = attempt_->caller().address;
  how.scheme = attempt_->caller().scheme;
  how.request_id = notes.request_id;
  how.host_default = endpoint_.authority;
  how.extra_lines = notes.extra_lines;
  how.drop = notes.drop;
  how.keep_proto = worker_.options().trust_forwarded_proto;
  how.allow_upgrade = true;
  const size_t size = head_bytes(head.headers) + head.target().size() + kAddedBytesMax;
  http::HeadWriter writer = wire_.head_writer(size);
  const bool fits = write_forwarded_request(head, how, writer);
  WEIR_ASSERT(fits);
  wire_.commit_head(writer);
  wire_.begin_body(head.body);
}

void UpstreamH1::send_end() {
  wire_.end_body();
  request_done_ = true;
}

// The end of what goes through a tunnel is told to the service as the end of the connection's half.
void UpstreamH1::flush() {
  if (wire_.flush() && tunnel_ && request_done_ && !wire_.failed()) wire_.finish();
}

void UpstreamH1::resume_body() {
  if (!serving_) serve();
}

void UpstreamH1::cancel() {
  // A connection under way may serve the next exchange; one that carries half a request may not.
  if (state_ == State::kConnecting && pool_.proxy_protocol() == 0) {
    attempt_ = nullptr;
  } else {
    pool_.discard(*this);
  }
}

void UpstreamH1::on_timer() {
  if (state_ == State::kConnecting) return pool_.connect_failed(*this, Fault::kConnectTimeout);
  if (state_ == State::kIdle) pool_.discard(*this);
}

void UpstreamH1::on_io(uint32_t events) {
  const bool was_blocked = wire_.blocked();
  wire_.note_events(events);
  switch (state_) {
    case State::kConnecting: return finish_connect();
    case State::kIdle:
      // Neither an end nor unasked bytes leave it usable; TLS may send a ticket.
      if (wire_.fill() != Fill::kEmpty) pool_.discard(*this);
      return;
    case State::kBusy:
      if (was_blocked && !wire_.blocked()) {
        flush();
        if (!wire_.blocked()) attempt_->on_writable();
      }
      if (state_ == State::kBusy) serve();
      return;
    case State::kClosed: return;
  }
}

// Before TLS and all else. It is below 200 bytes, for which a new socket has room.
bool UpstreamH1::send_proxy_header() {
  if (pool_.proxy_protocol() == 0 || header_sent_) return true;
  if (net::connect_error(wire_.fd()) != 0) return false;
  header_sent_ = true;
  const std::string header = attempt_->caller().proxy_header(pool_.proxy_protocol());
  return net::write_some(wire_.fd(), std::span<const char>(header)).bytes == header.size();
}

void UpstreamH1::finish_connect() {
  if (!send_proxy_header()) return pool_.connect_failed(*this, Fault::kConnectRefused);
  switch (wire_.establish()) {
    case Establish::kAgain: return;
    case Establish::kRefused: return pool_.connect_failed(*this, Fault::kConnectRefused);
    case Establish::kTlsFailed: return pool_.connect_failed(*this, Fault::kUpstreamTls);
    case Establish::kDone: break;
  }
  timer_.cancel();
  pool_.connected(*this);
}

void UpstreamH1::serve() {
  if (state_ != State::kBusy || serving_) return;
  serving_ = true;
  Step step = parse();
  for (int reads = 0; step == Step::kMore && reads < kReadsPerTurn; ++reads) {
    const Fill fill = wire_.fill();
    if (fill == Fill::kEmpty) break;
    if (fill == Fill::kEnd || fill == Fill::kError) {
      on_end();
      step = Step::kOver;
      break;
    }
    response_seen_ = true;
    step = parse();
    if (step == Step::kMore && reads + 1 == kReadsPerTurn) again_.arm(worker_.loop().now());
  }
  serving_ = false;
  if (step != Step::kOver && state_ == State::kBusy) attempt_->on_response_pause();
}

UpstreamH1::Step UpstreamH1::parse() {
  while (!head_done_) {
    const Step step = parse_head();
    if (step != Step::kOver) return step;
    if (state_ != State::kBusy) return Step::kOver;
  }
  switch (body_.pump(wire_.in, ResponseSink{*attempt_})) {
    case BodyState::kNeedMore: return Step::kMore;
    case BodyState::kBlocked: return Step::kBlocked;
    case BodyState::kDone: finish_response(); return Step::kOver;
    case BodyState::kError: fail(Fault::kUpstreamMalformed, body_.error()); return Step::kOver;
  }
  return Step::kOver;
}

// kOver: a head is done, interim or final, or the attempt has failed.
UpstreamH1::Step UpstreamH1::parse_head() {
  if (wire_.in.empty()) return Step::kMore;
  http::ResponseHead& head = attempt_->response;
  const http::ResponseTo request{attempt_->request().method, attempt_->request().upgrade};
  const http::ParseResult result =
      http::parse_response(wire_.in.readable(), worker_.options().head_limits, request, head);
  if (result.status == http::ParseStatus::kNeedMore) {
    if (!wire_.in.full() || wire_.in.grow()) return Step::kMore;
    fail(Fault::kUpstreamMalformed, http::H1Error::kHeadTooLarge);
    return Step::kOver;
  }
  if (result.status == http::ParseStatus::kError) {
    fail(Fault::kUpstreamMalformed, result.error);
    return Step::kOver;
  }
  const bool interim = head.is_interim();
  keep_alive_ = head.keep_alive;
  body_ = BodyReader(head.body, worker_.options().body_limits);
  if (head.switches_protocol) begin_tunnel();
  attempt_->on_response_head();
  if (state_ != State::kBusy) return Step::kOver;
  wire_.in.consume(result.consumed);
  head_done_ = !interim;
  if (interim) head.reset();
  return Step::kOver;
}

void UpstreamH1::begin_tunnel() {
  tunnel_ = true;
  request_done_ = keep_alive_ = false;
  body_ = BodyReader({http::BodyKind::kUntilClose, 0}, worker_.options().body_limits);
  wire_.begin_body({http::BodyKind::kUntilClose, 0});
}

void UpstreamH1::finish_response() {
  Attempt& attempt = *std::exchange(attempt_, nullptr);
  const bool clean = wire_.in.empty() && wire_.out.empty() && !wire_.hung_up() && !wire_.failed();
  serving_ = false;
  ++served_;
  if (keep_alive_ && request_done_ && clean) {
    pool_.release(*this);
  } else {
    pool_.discard(*this);
  }
  attempt.on_response_end();
}

void UpstreamH1::on_end() {
  if (head_done_ && !wire_.failed() && body_.finish_at_close()) {
    keep_alive_ = false;
    return finish_response();
  }
  fail(Fault::kUpstreamClosed);
}

void UpstreamH1::fail(Fault fault, http::H1Error error) {
  Attempt& attempt = *std::exchange(attempt_, nullptr);
  UpstreamFailure failure;
  failure.fault = fault;
  failure.error = error;
  failure.stale = fault == Fault::kUpstreamClosed && served_ > 0 && !response_seen_;
  serving_ = false;
  pool_.discard(*this);
  attempt.on_failed(failure);
}

}  // namespace weir::proxy
