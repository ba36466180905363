#include "proxy/upstream_h2_stream.h"

#include <utility>

#include "http/h2_fields.h"
#include "proxy/caller.h"
#include "proxy/upstream_h2.h"
#include "proxy/upstream_pool.h"
#include "proxy/worker.h"
#include "weir/base/assert.h"

namespace weir::proxy {

UpstreamH2Stream::UpstreamH2Stream(UpstreamH2& connection, Attempt& attempt)
    : connection_(connection),
      attempt_(&attempt),
      in_(connection.worker().slabs()),
      out_(connection.worker().slabs()) {}

void UpstreamH2Stream::start() {
  if (attempt_ == nullptr) return;
  attempt_->response.reset();
  attempt_->on_ready(*this);
}

void UpstreamH2Stream::send_head(const http::RequestHead& head, const ForwardNotes& notes) {
  http::RequestForwarding how;
  how.client_address = attempt_->caller().address;
  how.scheme = attempt_->caller().scheme;
  how.request_id = notes.request_id;
  how.host_default = connection_.authority();
  how.extra_lines = notes.extra_lines;
  how.drop = notes.drop;
  how.keep_proto = connection_.worker().options().trust_forwarded_proto;
  http::H2FieldList& fields = connection_.worker().fields();
  fields.clear();
  if (list_forwarded_request(head, how, fields))
    id_ = connection_.session().request(fields, head.method, head.body.has_body());
  if (id_ >= 0) {
    connection_.session().set_user(id_, this);
  } else {
    stillborn_ = true;  // not told here: the exchange is about to send more
    connection_.on_stream_over();
  }
}

size_t UpstreamH2Stream::send_body(std::string_view payload) {
  if (id_ < 0) return payload.size();  // its failure is about to be told
  const bool was_full = out_.full();
  const size_t taken = out_.offer(payload);
  if (out_.full() && !was_full) connection_.watch_drain(id_);
  if (out_.take_starved()) connection_.session().resume(id_);
  return taken;
}

void UpstreamH2Stream::send_trailer(const http::HeaderView& field) {
  if (!out_.add_trailer(field)) reset(http::H2Code::kInternalError);
}

void UpstreamH2Stream::send_end() {
  sent_end_ = true;
  out_.end();
  if (id_ >= 0 && out_.take_starved()) connection_.session().resume(id_);
}

void UpstreamH2Stream::flush() {
  connection_.want_flush();
}

void UpstreamH2Stream::on_sent() {
  if (out_.refilled()) {
    if (attempt_ != nullptr) attempt_->on_writable();
  } else if (out_.full()) {
    connection_.watch_drain(id_);
  }
}

void UpstreamH2Stream::on_response(const http::ResponseHead& head) {
  if (attempt_ == nullptr) return;
  attempt_->response = head;
  response_begun_ = response_begun_ || !head.is_interim();
  attempt_->on_response_head();
}

void UpstreamH2Stream::on_body(std::string_view payload) {
  if (attempt_ == nullptr) return connection_.session().consume(id_, payload.size());
  if (in_.empty()) {
    const size_t taken = attempt_->on_response_body(payload);
    connection_.session().consume(id_, taken);
    payload.remove_prefix(taken);
    attempt_->on_response_pause();
  }
  const size_t kept = in_.append(payload);
  WEIR_ASSERT(kept == payload.size());  // the window is no larger than the ring
}

void UpstreamH2Stream::on_trailers(const http::HeaderBlock& trailers) {
  for (const http::HeaderView field : trailers) {
    trailers_.push_back({static_cast<uint32_t>(trailer_text_.size()),
                         static_cast<uint32_t>(field.name.size()),
                         static_cast<uint32_t>(field.value.size()), field.id});
    trailer_text_.append(field.name).append(field.value);
  }
}

void UpstreamH2Stream::on_body_end() {
  received_all_ = true;
  pump();
}

void UpstreamH2Stream::pump() {
  if (attempt_ == nullptr || std::exchange(pumping_, true)) return;
  size_t moved = 0;
  bool blocked = false;
  while (!in_.empty() && !blocked && attempt_ != nullptr) {
    const std::string_view piece = in_.front();
    const size_t taken = attempt_->on_response_body(piece);
    blocked = taken < piece.size();
    in_.consume(taken);
    moved += taken;
  }
  pumping_ = false;
  if (id_ >= 0) connection_.session().consume(id_, moved);
  if (attempt_ == nullptr) return;
  if (moved > 0) attempt_->on_response_pause();
  connection_.want_flush();
  if (received_all_ && in_.empty()) finish();
}

void UpstreamH2Stream::finish() {
  for (const Trailer& trailer : trailers_) {
    const std::string_view text(trailer_text_);
    attempt_->on_response_trailer(
        {text.substr(trailer.begin, trailer.name_size),
         text.substr(trailer.begin + trailer.name_size, trailer.value_size), trailer.id});
  }
  // An answer before the end of the request: the rest of it is called off.
  if (!sent_end_) reset(http::H2Code::kCancel);
  Attempt& attempt = *std::exchange(attempt_, nullptr);
  connection_.on_stream_over();
  attempt.on_response_end();
}

void UpstreamH2Stream::on_closed(uint32_t code) {
  id_ = -1;
  if (attempt_ == nullptr || received_all_) return connection_.on_stream_over();
  UpstreamFailure failure;
  // What was taken of a body is gone, so only a request without one can be sent again.
  failure.unsent = code == static_cast<uint32_t>(http::H2Code::kRefusedStream) &&
                   !attempt_->request().body.has_body();
  fail(failure);
}

void UpstreamH2Stream::fail(const UpstreamFailure& failure) {
  id_ = -1;
  connection_.on_stream_over();
  if (received_all_ || attempt_ == nullptr) return;
  Attempt& attempt = *std::exchange(attempt_, nullptr);
  in_.release();
  attempt.on_failed(failure);
}

void UpstreamH2Stream::cancel() {
  attempt_ = nullptr;
  in_.release();
  out_.release();
  reset(http::H2Code::kCancel);
  connection_.on_stream_over();
}

void UpstreamH2Stream::reset(http::H2Code code) {
  if (id_ < 0) return;
  connection_.session().reset(id_, code);
  connection_.want_flush();
}

}  // namespace weir::proxy
