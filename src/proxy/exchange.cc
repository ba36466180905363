#include "proxy/exchange.h"

#include <algorithm>
#include <cstring>

#include "proxy/outcome.h"
#include "proxy/refusal.h"
#include "proxy/worker.h"

namespace weir::proxy {

Exchange::Exchange(Worker& worker)
    : worker_(worker),
      timer_(worker.loop().timers(), net::Callback::to<&Exchange::on_timer>(this)) {}

void Exchange::begin() noexcept {
  upstream_ = nullptr;
  outcome_ = Outcome::kIgnored;
  attempts_ = 0;
  dispatched_ = request_done_ = response_begun_ = caller_stalled_ = false;
  stalled_for_ = Duration::zero();
}

// The caller's own id is kept, so that one id names the request in everybody's logs.
void Exchange::choose_request_id() noexcept {
  const std::string_view given = request.headers.value(http::HeaderName::kXRequestId);
  if (is_safe_request_id(given)) {
    std::memcpy(id_text_.data(), given.data(), given.size());
    request_id_ = {id_text_.data(), given.size()};
    return;
  }
  constexpr size_t kDigits = 16;
  uint64_t bits = worker_.rng().next();
  for (size_t i = kDigits; i-- > 0; bits >>= 4) id_text_[i] = "0123456789abcdef"[bits & 15];
  request_id_ = {id_text_.data(), kDigits};
}

void Exchange::start(DownstreamStream& downstream, std::string_view client_address) {
  begin();
  downstream_ = &downstream;
  client_address_ = client_address;
  started_at_ = worker_.loop().update_now();
  choose_request_id();
  context_ = classify(request, worker_.options(), worker_.index(), started_at_);
  if (request.upgrade || request.method == http::Method::kConnect)
    return answer_fault(Fault::kUpgradeUnsupported, Outcome::kIgnored);
  admit();
}

void Exchange::admit() {
  if (worker_.options().dry_run) {
    permit_ = worker_.admit_in_shadow(context_, started_at_);
    return dispatch();
  }
  Arrival arrival = worker_.gate().arrive(*this, context_, started_at_);
  worker_.wake(arrival.wake);
  switch (arrival.verdict) {
    case Verdict::kAdmitted: permit_ = std::move(arrival.permit); return dispatch();
    case Verdict::kWaiting: return worker_.want_pump();
    case Verdict::kRejected: return refuse(arrival.rejection);
  }
}

void Exchange::on_admitted(Permit permit) {
  permit_ = std::move(permit);
  worker_.telemetry().waited(worker_.index(), worker_.loop().now() - started_at_);
  dispatch();
}

void Exchange::on_refused(const Rejection& rejection) {
  refuse(rejection);
}

void Exchange::dispatch() {
  admitted_at_ = worker_.loop().now();
  dispatched_ = true;
  ++attempts_;
  worker_.upstreams().open(*this);
}

void Exchange::on_upstream_ready(UpstreamStream& upstream) {
  upstream_ = &upstream;
  DeadlineLines deadline;
  shrink_deadline(request, context_.deadline, worker_.loop().now(), deadline);
  upstream.send_head(request, {request_id_, deadline.view(), deadline.drop});
  expect_response();
  if (!request.body.has_body()) {
    request_done_ = true;
    upstream.send_end();
    return upstream.flush();
  }
  if (request.expect_continue) downstream_->send_continue();
  downstream_->resume_body();
}

// The clock of the answer runs from the last byte that went upstream, so a slow upload is judged by
// its own rate and not by this.
void Exchange::expect_response() {
  const Instant bound = worker_.loop().now() + worker_.options().timeouts.response;
  timer_.arm(std::min(bound, context_.deadline.when()));
}

size_t Exchange::on_request_body(std::string_view payload) {
  const size_t taken = upstream_->send_body(payload);
  if (taken > 0 && !response_begun_) expect_response();
  return taken;
}

void Exchange::on_request_trailer(const http::HeaderView& field) {
  upstream_->send_trailer(field);
}

void Exchange::on_request_end() {
  request_done_ = true;
  upstream_->send_end();
  upstream_->flush();
}

void Exchange::on_request_malformed(http::H1Error error) {
  drop_upstream();
  answer_fault(Fault::kMalformedRequest, Outcome::kIgnored, error);
}

void Exchange::on_request_timeout() {
  drop_upstream();
  answer_fault(Fault::kRequestTimeout, Outcome::kIgnored);
}

void Exchange::on_upstream_writable() {
  if (!request_done_) downstream_->resume_body();
}

void Exchange::on_caller_writable() {
  if (std::exchange(caller_stalled_, false)) stalled_for_ += worker_.loop().now() - stalled_since_;
  if (upstream_ != nullptr) upstream_->resume_body();
}

void Exchange::on_caller_gone() {
  worker_.gate().cancel(*this, worker_.loop().now());
  drop_upstream();
  complete(Outcome::kIgnored);
  recycle();
}

void Exchange::on_response_head() {
  DownstreamStream& downstream = *downstream_;
  if (response.is_interim()) {
    // The caller's own 100 was sent at admission; only hints concern it.
    if (response.status == 103) downstream.send_head(response, {});
    return;
  }
  outcome_ = outcome_of(response);
  response_begun_ = true;
  timer_.arm(worker_.loop().now() + worker_.options().timeouts.stream_idle);
  downstream.send_head(response, {request_id_, {}, {}});
}

size_t Exchange::on_response_body(std::string_view payload) {
  const size_t taken = downstream_->send_body(payload);
  if (taken > 0) timer_.arm(worker_.loop().now() + worker_.options().timeouts.stream_idle);
  if (taken < payload.size() && !std::exchange(caller_stalled_, true))
    stalled_since_ = worker_.loop().now();
  return taken;
}

void Exchange::on_response_trailer(const http::HeaderView& field) {
  downstream_->send_trailer(field);
}

void Exchange::on_response_end() {
  upstream_ = nullptr;
  complete(outcome_);
  DownstreamStream& downstream = *downstream_;
  recycle();
  downstream.send_end();
}

bool Exchange::may_retry(const UpstreamFailure& failure) const noexcept {
  if (response_begun_ || attempts_ >= kAttemptsMax ||
      context_.deadline.passed(worker_.loop().now()))
    return false;
  // A body is not kept, so what has been read of it cannot be sent again.
  if (request.body.has_body()) return failure.unsent;
  return failure.unsent || (failure.stale && http::is_idempotent(request.method));
}

void Exchange::on_upstream_failed(const UpstreamFailure& failure) {
  upstream_ = nullptr;
  if (may_retry(failure) && worker_.may_retry()) {
    request_done_ = false;
    ++attempts_;
    return worker_.upstreams().open(*this);
  }
  const bool overload = failure.fault == Fault::kConnectTimeout;
  answer_fault(failure.fault, overload ? Outcome::kDropped : Outcome::kFailure, failure.error);
}

void Exchange::on_timer() {
  const Instant now = worker_.loop().now();
  drop_upstream();
  if (response_begun_) {
    complete(caller_stalled_ ? Outcome::kIgnored : Outcome::kDropped);
    DownstreamStream& downstream = *downstream_;
    recycle();
    return downstream.abort();
  }
  if (!context_.deadline.passed(now))
    return answer_fault(Fault::kResponseTimeout, Outcome::kDropped);
  Rejection rejection;
  rejection.reason = Reason::kDeadlinePassed;
  complete(Outcome::kDropped);
  send_refusal(rejection);
}

void Exchange::drop_upstream() {
  if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->cancel();
}

void Exchange::on_pool_full(uint32_t used, uint32_t bound) {
  Rejection rejection;
  rejection.reason = Reason::kPoolFull;
  rejection.value = used;
  rejection.bound = bound;
  dispatched_ = false;
  permit_ = {};
  worker_.want_pump();
  refuse(rejection);
}

void Exchange::refuse(const Rejection& rejection) {
  worker_.telemetry().refused(worker_.index(), context_.criticality, rejection.reason);
  send_refusal(rejection);
}

void Exchange::send_refusal(const Rejection& rejection) {
  DetailText text;
  const Telemetry& telemetry = worker_.telemetry();
  const Answer answer =
      refusal_answer(rejection, worker_.policy_name(rejection), telemetry.upstream(),
                     context_.criticality, worker_.rng(), text);
  worker_.refusal_log().refused(rejection, answer, context_.criticality, request_id_,
                                worker_.loop().now());
  DownstreamStream& downstream = *downstream_;
  const std::string_view id = request_id_;
  recycle();
  downstream.send_answer(answer, id);
}

void Exchange::answer_fault(Fault fault, Outcome outcome, http::H1Error error) {
  DownstreamStream& downstream = *downstream_;
  const bool begun = response_begun_;
  const std::string_view id = request_id_;
  if (dispatched_) {
    complete(outcome);
  } else {
    worker_.gate().cancel(*this, worker_.loop().now());
    worker_.telemetry().answered(worker_.index(), context_.criticality, outcome);
  }
  DetailText text;
  const Answer answer = fault_answer(fault, worker_.telemetry().upstream(), error, text);
  recycle();
  if (begun) return downstream.abort();
  downstream.send_answer(answer, id);
}

// Gives the permit back and counts; once an exchange. A caller that reads slowly makes the answer
// slow, which is no news about the upstream: the time it kept us waiting is taken off.
void Exchange::complete(Outcome outcome) {
  if (!dispatched_) return;
  dispatched_ = false;
  const Instant now = worker_.loop().update_now();
  const Instant upstream_end = std::max(now - stalled_for_, admitted_at_);
  if (permit_) std::move(permit_).complete(outcome, upstream_end);
  worker_.on_completed(outcome, upstream_end - admitted_at_);
  worker_.telemetry().finished(worker_.index(), context_.criticality, outcome, now - started_at_,
                               upstream_end - admitted_at_);
}

void Exchange::recycle() {
  timer_.cancel();
  worker_.give_back(*this);
}

}  // namespace weir::proxy
