#include "proxy/exchange.h"

#include <algorithm>
#include <cstring>

#include "observe/log.h"
#include "proxy/load_report.h"
#include "proxy/outcome.h"
#include "proxy/refusal.h"
#include "proxy/worker.h"

namespace weir::proxy {
namespace {

constexpr http::HeaderSet kLoadReports = {http::HeaderName::kEndpointLoadMetrics,
                                          http::HeaderName::kEndpointLoadMetricsBin};

}  // namespace

Exchange::Exchange(Worker& worker)
    : worker_(worker),
      timer_(worker.loop().timers(), net::Callback::to<&Exchange::on_timer>(this)) {}

void Exchange::begin() noexcept {
  route_ = nullptr;
  service_ = nullptr;
  outcome_ = Outcome::kIgnored;
  attempts_ = hints_ = 0;
  dispatched_ = request_begun_ = request_done_ = response_begun_ = caller_stalled_ = false;
  replaying_ = discarding_ = backing_off_ = timed_out_ = false;
  replay_.reset();
  lasting_at_ = kInstantMax;
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

ExplainFacts Exchange::facts() const noexcept {
  return {.request_id = request_id_,
          .method = method_text_,
          .path = path_.view(),
          .route = route_->telemetry.route(),
          .compartment = route_->compartment,
          .context = context_,
          .started_at = started_at_,
          .admitted_at = admitted_at_,
          .dispatched = dispatched_,
          .attempts = static_cast<uint8_t>(attempts_),
          .status = response_status_,
          .trace = &trace_};
}

void Exchange::start(DownstreamStream& downstream, const Caller& caller) {
  begin();
  downstream_ = &downstream;
  caller_ = &caller;
  started_at_ = worker_.loop().update_now();
  choose_request_id();
  trace_ = worker_.begin_trace(request);
  response_status_ = 0;
  method_text_ = http::to_string(request.method);
  path_ = observe::loggable_path(request.path());
  route_ = worker_.routes().find(request);
  if (route_ == nullptr) return answer_fault(Fault::kNoRoute, Outcome::kIgnored);
  service_ = &worker_.service(route_->cluster);
  context_ = classify(request, worker_.options(), route_->priority, worker_.index(), started_at_);
  context_.route = route_->index;
  caller_deadline_ = context_.deadline;
  if (route_->timeout > Duration::zero())
    context_.deadline = context_.deadline.earlier(Deadline::after(route_->timeout, started_at_));
  if (request.method == http::Method::kConnect)
    return answer_fault(Fault::kUpgradeUnsupported, Outcome::kIgnored);
  admit();
}

void Exchange::admit() {
  queued_at_ = worker_.loop().now();
  if (worker_.options().dry_run) return admit_in_shadow();
  Arrival arrival = service_->arrive(*this, route_->compartment, context_, queued_at_);
  switch (arrival.verdict) {
    case Verdict::kAdmitted: permit_ = std::move(arrival.permit); return dispatch();
    case Verdict::kWaiting: return;
    case Verdict::kRejected: return refuse(arrival.rejection);
  }
}

// --dry-run: a permit if there is one to have; else the refusal is only counted.
void Exchange::admit_in_shadow() {
  auto permit = service_->gate(route_->compartment).stack().admit(context_, queued_at_);
  if (permit) {
    permit_ = std::move(*permit);
  } else {
    const Rejection& rejection = permit.error();
    route_->telemetry.would_refuse(worker_.index(), context_.criticality, rejection.reason);
    service_->refusal_log().would_refuse(rejection,
                                         service_->policy_name(route_->compartment, rejection),
                                         context_.criticality, started_at_);
    service_->explain_shadow(facts(), rejection, started_at_);
  }
  dispatch();
}

void Exchange::on_admitted(Permit permit) {
  permit_ = std::move(permit);
  route_->telemetry.waited(worker_.index(), worker_.loop().now() - queued_at_);
  dispatch();
}

void Exchange::on_refused(const Rejection& rejection) {
  refuse(rejection);
}

void Exchange::dispatch() {
  admitted_at_ = worker_.loop().now();
  dispatched_ = true;
  ++attempts_;
  service_->pool().open(attempt_);
}

void Exchange::on_upstream_ready(Attempt& attempt) {
  UpstreamStream& upstream = *attempt.stream();
  const Instant now = worker_.loop().now();
  const Duration try_timeout = service_->cluster().options().retry.try_timeout;
  Deadline told = context_.deadline;
  if (try_timeout > Duration::zero()) told = told.earlier(Deadline::after(try_timeout, now));
  NextHopLines lines;
  shrink_deadline(request, told, route_->timeout > Duration::zero(), now, lines);
  tell_criticality(request, context_.criticality, lines);
  tell_try(request, attempts_, lines);
  if (trace_.present()) add_traceparent(trace_, lines);
  upstream.send_head(request, {request_id_, lines.view(), lines.drop});
  expect_response();
  if (!request.body.has_body()) {
    request_done_ = true;
    return finish_request();
  }
  if (request_begun_) {
    replayed_ = 0;
    return replay();
  }
  request_begun_ = true;
  if (service_->cluster().options().retry.repeats_work() && is_repeatable(request))
    replay_.keep_head(request);
  if (request.expect_continue) downstream_->send_continue();
  downstream_->resume_body();
}

void Exchange::finish_request() {
  attempt_.stream()->send_end();
  attempt_.stream()->flush();
}

// The clock of the answer runs from the last byte that went upstream, so a slow upload is judged by
// its own rate and not by this.
void Exchange::expect_response() {
  const Duration try_timeout = service_->cluster().options().retry.try_timeout;
  const Duration bound =
      try_timeout > Duration::zero() ? try_timeout : worker_.options().timeouts.response;
  timer_.arm(std::min(worker_.loop().now() + bound, context_.deadline.when()));
}

// Once the answer has begun, either body may move: they may be a conversation.
void Exchange::expect_progress() {
  moved_at_ = worker_.loop().now();
  timer_.arm(std::min(moved_at_ + worker_.options().timeouts.stream_idle, lasting_at_));
}

// Answers that are made to last: WebSockets and other upgrades at once, server-sent events too,
// gRPC streams when they turn out to be some.
void Exchange::begin_lasting() noexcept {
  const http::ResponseHead& response = attempt_.response;
  const std::string_view type = response.headers.value(http::HeaderName::kContentType);
  if (response.switches_protocol || type.starts_with("text/event-stream")) {
    lasting_at_ = head_at_;
  } else if (type.starts_with("application/grpc")) {
    lasting_at_ = head_at_ + kLastingAfter;
  }
}

// Its place is given back: how long it lasts is no news about the service, and places that are
// never given back would be a limit that only shrinks. See docs/explanation/long-streams.md.
void Exchange::let_last() {
  lasting_at_ = kInstantMax;
  complete_at(Outcome::kSuccess, head_at_);
}

// Between two tries, and while an earlier part is sent again, nothing is taken.
size_t Exchange::on_request_body(std::string_view payload) {
  if (attempt_.stream() == nullptr || replaying_) return 0;
  const size_t taken = attempt_.stream()->send_body(payload);
  if (taken == 0) return taken;
  replay_.keep_body(payload.substr(0, taken), service_->cluster().options().retry.body_max);
  if (response_begun_) {
    expect_progress();
  } else if (!discarding_) {
    expect_response();
  }
  return taken;
}

void Exchange::on_request_trailer(const http::HeaderView& field) {
  replay_.give_up();
  if (attempt_.stream() != nullptr) attempt_.stream()->send_trailer(field);
}

void Exchange::on_request_end() {
  request_done_ = true;
  if (attempt_.stream() != nullptr && !replaying_) finish_request();
}

void Exchange::on_request_malformed(http::H1Error error) {
  attempt_.cancel();
  answer_fault(Fault::kMalformedRequest, Outcome::kIgnored, error);
}

void Exchange::on_request_timeout() {
  attempt_.cancel();
  answer_fault(Fault::kRequestTimeout, Outcome::kIgnored);
}

void Exchange::on_upstream_writable(Attempt&) {
  if (replaying_) return replay();
  if (!request_done_) downstream_->resume_body();
}

void Exchange::on_caller_writable() {
  if (std::exchange(caller_stalled_, false)) stalled_for_ += worker_.loop().now() - stalled_since_;
  if (attempt_.stream() != nullptr) attempt_.stream()->resume_body();
}

void Exchange::on_caller_gone() {
  if (service_ != nullptr) service_->gate(route_->compartment).cancel(*this, worker_.loop().now());
  attempt_.cancel();
  complete(Outcome::kIgnored);
  recycle();
}

void Exchange::on_response_head(Attempt& attempt) {
  const http::ResponseHead& response = attempt.response;
  DownstreamStream& downstream = *downstream_;
  if (response.is_interim()) {
    // The caller's own 100 was sent at admission; only hints concern it.
    if (response.status == 103 && hints_++ < kHintsMax) downstream.send_head(response, {});
    return;
  }
  outcome_ = response.switches_protocol ? Outcome::kSuccess : outcome_of(response);
  service_->hear_load(attempt, outcome_);
  if (retry(TryEnding::kStatus, &response)) {
    discarding_ = true;
    discarded_ = 0;
    return;
  }
  response_status_ = response.status;
  response_begun_ = true;
  head_at_ = worker_.loop().now();
  begin_lasting();
  if (lasting_at_ == head_at_) let_last();
  expect_progress();
  const bool tunnel = response.switches_protocol;
  if (tunnel) request_done_ = false;
  ForwardNotes notes{request_id_, {}, {}};
  LoadReportLine line;
  if (worker_.options().report_load) {
    const Cluster& cluster = service_->cluster();
    write_load_report(cluster.utilization(), cluster.credits(worker_.loop().now()), line);
    notes.extra_lines = line.view();
    notes.drop = kLoadReports;
  }
  downstream.send_head(response, notes);
  if (tunnel) downstream.begin_tunnel();
}

size_t Exchange::on_response_body(std::string_view payload) {
  if (discarding_) {
    discard(payload.size());
    return payload.size();
  }
  const size_t taken = downstream_->send_body(payload);
  if (taken > 0) expect_progress();
  if (taken < payload.size() && !std::exchange(caller_stalled_, true))
    stalled_since_ = worker_.loop().now();
  return taken;
}

void Exchange::on_response_trailer(const http::HeaderView& field) {
  if (discarding_) return;
  if (field.id == http::HeaderName::kGrpcStatus && outcome_ == Outcome::kSuccess)
    outcome_ = outcome_of_grpc(field.value);
  downstream_->send_trailer(field);
}

void Exchange::on_response_end(Attempt&) {
  if (discarding_) return retry_later(outcome_);
  complete(outcome_);
  DownstreamStream& downstream = *downstream_;
  recycle();
  downstream.send_end();
}

void Exchange::on_upstream_failed(Attempt&, const UpstreamFailure& failure) {
  const bool overload = failure.fault == Fault::kConnectTimeout;
  const Outcome outcome = overload ? Outcome::kDropped : Outcome::kFailure;
  if (discarding_) return retry_later(outcome_);
  const TryEnding ending = failure.unsent  ? TryEnding::kUnsent
                           : failure.stale ? TryEnding::kStale
                                           : TryEnding::kReset;
  if (!response_begun_ && retry(ending, nullptr))
    return retry_delay_ == Duration::zero() ? retry_now() : retry_later(outcome);
  answer_fault(failure.fault, outcome, failure.error);
}

void Exchange::on_timer() {
  const Instant now = worker_.loop().now();
  if (std::exchange(backing_off_, false)) return admit();
  if (lasting_at_ <= now) {
    let_last();
    const Instant idle_at = moved_at_ + worker_.options().timeouts.stream_idle;
    if (idle_at > now) return timer_.arm(idle_at);
  }
  attempt_.cancel();
  if (discarding_) return retry_later(outcome_);
  if (response_begun_) {
    complete(caller_stalled_ ? Outcome::kIgnored : Outcome::kDropped);
    DownstreamStream& downstream = *downstream_;
    recycle();
    return downstream.abort();
  }
  timed_out_ = true;
  if (!caller_deadline_.passed(now)) {
    if (retry(TryEnding::kTimeout, nullptr)) return retry_later(Outcome::kDropped);
    return answer_fault(Fault::kResponseTimeout, Outcome::kDropped);
  }
  Rejection rejection;
  rejection.reason = Reason::kDeadlinePassed;
  complete(Outcome::kDropped);
  dispatched_ = true;  // its explanation names the upstream as what was too slow
  send_refusal(rejection);
}

void Exchange::on_pool_full(Attempt&, uint32_t used, uint32_t bound) {
  Rejection rejection;
  rejection.reason = Reason::kPoolFull;
  rejection.value = used;
  rejection.bound = bound;
  dispatched_ = false;
  service_->pool().end_try(attempt_, {});
  permit_ = {};
  service_->want_pump();
  refuse(rejection);
}

void Exchange::refuse(const Rejection& rejection) {
  route_->telemetry.refused(worker_.index(), context_.criticality, rejection.reason);
  send_refusal(rejection);
}

void Exchange::send_refusal(const Rejection& rejection) {
  DetailText text;
  const Answer answer =
      refusal_answer(rejection, service_->policy_name(route_->compartment, rejection),
                     service_->name(), context_.criticality, worker_.rng(), text);
  const Instant now = worker_.loop().now();
  service_->refusal_log().refused(rejection, answer, context_.criticality, request_id_, now);
  service_->explain_refusal(facts(), rejection, answer, now);
  DownstreamStream& downstream = *downstream_;
  const std::string_view id = request_id_;
  recycle();
  downstream.send_answer(answer, id);
}

void Exchange::answer_fault(Fault fault, Outcome outcome, http::H1Error error) {
  DownstreamStream& downstream = *downstream_;
  const std::string_view id = request_id_;
  if (response_begun_) {  // too late to say anything
    complete(outcome);
    recycle();
    return downstream.abort();
  }
  if (dispatched_) {
    complete(outcome);
  } else if (route_ != nullptr) {
    service_->gate(route_->compartment).cancel(*this, worker_.loop().now());
    route_->telemetry.answered(worker_.index(), context_.criticality, outcome);
  } else {
    worker_.routes().count_unrouted(worker_.index(), Criticality::kCritical);
  }
  DetailText text;
  const std::string_view upstream = service_ == nullptr ? std::string_view() : service_->name();
  const Answer answer = fault_answer(fault, upstream, error, text);
  recycle();
  downstream.send_answer(answer, id);
}

// Ends the last try and counts; once an exchange. A caller that reads slowly makes the answer slow,
// which is no news about the upstream: the time it kept us waiting is taken off.
void Exchange::complete(Outcome outcome) {
  if (!dispatched_) return;
  const Instant now = worker_.loop().update_now();
  complete_at(outcome, std::max(now - stalled_for_, admitted_at_));
}

void Exchange::complete_at(Outcome outcome, Instant upstream_end) {
  if (!dispatched_) return;
  const Instant now = worker_.loop().now();
  service_->explain_ending(facts(), outcome, upstream_end - admitted_at_, now);
  end_try(outcome, upstream_end);
  route_->telemetry.finished(worker_.index(), context_.criticality, outcome, now - started_at_,
                             upstream_end - admitted_at_);
}

// Gives the permit back, and lets the policies learn from it.
void Exchange::end_try(Outcome outcome, Instant upstream_end) {
  const Duration latency = std::max(upstream_end - attempt_.opened_at, Duration::zero());
  service_->pool().end_try(attempt_, {outcome, latency, std::exchange(timed_out_, false)});
  if (permit_) std::move(permit_).complete(outcome, upstream_end);
  service_->on_completed(route_->compartment, outcome, upstream_end - admitted_at_);
  dispatched_ = false;
}

void Exchange::recycle() {
  timer_.cancel();
  worker_.give_back(*this);
}

}  // namespace weir::proxy
