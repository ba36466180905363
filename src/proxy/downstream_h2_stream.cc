#include "proxy/downstream_h2_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "http/chars.h"
#include "proxy/answer_h2.h"
#include "proxy/downstream_h2.h"
#include "proxy/worker.h"
#include "weir/base/assert.h"

namespace weir::proxy {
namespace {

bool is_grpc(const http::HeaderBlock& headers) noexcept {
  constexpr std::string_view kGrpc = "application/grpc";
  const std::string_view type = headers.value(http::HeaderName::kContentType);
  return http::equals_ignoring_case(type.substr(0, kGrpc.size()), kGrpc);
}

}  // namespace

DownstreamH2Stream::DownstreamH2Stream(DownstreamH2& connection, int32_t id)
    : connection_(connection),
      in_(connection.worker().slabs()),
      out_(connection.worker().slabs()),
      id_(id) {}

DownstreamH2Stream::~DownstreamH2Stream() {
  WEIR_ASSERT(exchange_ == nullptr);
}

void DownstreamH2Stream::on_request(const http::RequestHead& head) {
  exchange_ = &connection_.worker().take_exchange();
  exchange_->request = head;
  head_only_ = head.method == http::Method::kHead;
  grpc_ = is_grpc(head.headers);
  passed_all_ = !head.body.has_body();
  exchange_->start(*this, connection_.caller());
}

void DownstreamH2Stream::on_body(std::string_view payload) {
  if (exchange_ == nullptr) return connection_.session().consume(id_, payload.size());
  if (wanted_ && in_.empty()) {
    const size_t taken = exchange_->on_request_body(payload);
    pass_on(taken);
    payload.remove_prefix(taken);
    wanted_ = payload.empty();
    exchange_->on_request_pause();
  }
  const size_t kept = in_.append(payload);
  WEIR_ASSERT(kept == payload.size());  // the window is no larger than the ring
}

void DownstreamH2Stream::on_body_end() {
  received_all_ = true;
  pump();
}

void DownstreamH2Stream::on_closed() {
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->on_caller_gone();
}

void DownstreamH2Stream::resume_body() {
  wanted_ = true;
  pump();
}

void DownstreamH2Stream::pass_on(size_t bytes) {
  body_bytes_ += static_cast<uint32_t>(
      std::min<size_t>(bytes, std::numeric_limits<uint32_t>::max() - body_bytes_));
  connection_.session().consume(id_, bytes);
  connection_.want_flush();
}

void DownstreamH2Stream::pump() {
  if (exchange_ == nullptr || !wanted_ || passed_all_) return;
  while (!in_.empty()) {
    const std::string_view piece = in_.front();
    const size_t taken = exchange_->on_request_body(piece);
    in_.consume(taken);
    pass_on(taken);
    if (taken == piece.size()) continue;
    wanted_ = false;
    return exchange_->on_request_pause();
  }
  if (!received_all_) return exchange_->on_request_pause();
  passed_all_ = true;
  if (trailers_in_ != nullptr) {
    for (const http::HeaderView field : *trailers_in_) exchange_->on_request_trailer(field);
  }
  exchange_->on_request_end();
}

// The exchange is over, and its caller does not take the rest of the answer: a stream that costs
// the caller nothing must not live for ever.
void DownstreamH2Stream::check_reader() {
  Worker& worker = connection_.worker();
  const Instant now = worker.loop().now();
  if (std::exchange(left_before_, out_.size()) != out_.size() || stalled_since_ == Instant{})
    stalled_since_ = now;
  if (now - stalled_since_ >= worker.options().timeouts.stream_idle) give_up();
}

void DownstreamH2Stream::on_tick() {
  if (exchange_ == nullptr) return check_reader();
  const bool waits = exchange_ != nullptr && wanted_ && !received_all_ && !grpc_;
  if (!waits || exchange_->response_begun()) return;
  const Timeouts& timeouts = connection_.worker().options().timeouts;
  const bool slow = std::exchange(body_bytes_, 0) < timeouts.body_bytes_min / 2;
  slow_ticks_ = slow ? slow_ticks_ + 1 : 0;
  if (slow_ticks_ >= kSlowTicksMax) exchange_->on_request_timeout();
}

void DownstreamH2Stream::send_continue() {
  http::H2FieldList& fields = connection_.worker().fields();
  fields.clear();
  fields.add_status(100);
  connection_.session().respond_interim(id_, fields);
  connection_.want_flush();
}

void DownstreamH2Stream::send_head(const http::ResponseHead& head, const ForwardNotes& notes) {
  http::ResponseForwarding how;
  how.request_id = notes.request_id;
  how.extra_lines = notes.extra_lines;
  how.drop = notes.drop;
  http::H2FieldList& fields = connection_.worker().fields();
  fields.clear();
  if (!list_forwarded_response(head, how, fields)) return give_up();
  if (head.is_interim()) {
    connection_.session().respond_interim(id_, fields);
  } else {
    connection_.session().respond(id_, fields, head.body.has_body());
  }
  connection_.want_flush();
}

// Kilobytes of field names in capitals: nobody's honest answer. The exchange hears that the caller
// is gone when the session has closed the stream.
void DownstreamH2Stream::give_up() {
  given_up_ = true;
  connection_.session().reset(id_, http::H2Code::kInternalError);
  connection_.want_flush();
}

size_t DownstreamH2Stream::send_body(std::string_view payload) {
  if (given_up_) return payload.size();
  const bool was_full = out_.full();
  const size_t taken = out_.offer(payload);
  if (out_.full() && !was_full) connection_.watch_drain(id_);
  wake();
  return taken;
}

void DownstreamH2Stream::send_trailer(const http::HeaderView& field) {
  if (!out_.add_trailer(field)) give_up();
}

void DownstreamH2Stream::send_end() {
  out_.end();
  wake();
  end_exchange();
}

void DownstreamH2Stream::send_answer(const Answer& answer, std::string_view request_id) {
  http::H2FieldList& fields = connection_.worker().fields();
  AnswerText text;
  std::string_view body;
  if (grpc_) {
    list_grpc_answer(answer, request_id, text, fields);
  } else {
    body = list_answer(answer, request_id, text, fields);
  }
  if (head_only_) body = {};
  connection_.session().respond(id_, fields, !body.empty());
  out_.offer(body);
  out_.end();
  connection_.want_flush();
  end_exchange();
}

void DownstreamH2Stream::end_exchange() {
  exchange_ = nullptr;
  connection_.session().consume(id_, in_.size());
  in_.release();
  if (!received_all_) connection_.watch_end(id_);
}

void DownstreamH2Stream::abort() {
  exchange_ = nullptr;
  in_.release();
  out_.release();
  connection_.session().reset(id_, http::H2Code::kInternalError);
  connection_.want_flush();
}

void DownstreamH2Stream::wake() {
  if (out_.take_starved()) connection_.session().resume(id_);
  connection_.want_flush();
}

void DownstreamH2Stream::flush() {
  connection_.want_flush();
}

void DownstreamH2Stream::on_sent() {
  if (out_.refilled()) {
    if (exchange_ != nullptr) exchange_->on_caller_writable();
  } else if (out_.full()) {
    connection_.watch_drain(id_);
  }
}

}  // namespace weir::proxy
