// Exchange: one request and its answer, between two streams of whatever protocol.
//
//   caller's stream → classify → route → gate → attempt at the upstream → forward → finish
//
// The files of that path: classify.h, route_table.h, weir/policy/gate.h, upstream_pool.h,
// attempt.h, this one. A refusal leaves at the gate, through refusal.h.
#pragma once

#include <array>
#include <string_view>

#include "http/message.h"
#include "net/timer.h"
#include "proxy/answer.h"
#include "proxy/attempt.h"
#include "proxy/caller.h"
#include "proxy/classify.h"
#include "proxy/explain_log.h"
#include "proxy/replay_buffer.h"
#include "proxy/retry_policy.h"
#include "proxy/stream.h"
#include "weir/policy/admission_queue.h"
#include "weir/policy/permit.h"

namespace weir::proxy {

class Worker;
class UpstreamService;
struct Route;

/// Reused from request to request. Belongs to one worker's loop. After send_end, send_answer or
/// abort of the caller's stream it is back in its pool, and neither side may touch it.
class Exchange final : public QueueEntry {
 public:
  explicit Exchange(Worker& worker);

  /// Filled by the caller's protocol; its views must live until resume_body() or, without a body,
  /// until the end.
  http::RequestHead request;

  // From the caller's side.
  void start(DownstreamStream& downstream, const Caller& caller);
  size_t on_request_body(std::string_view payload);
  void on_request_trailer(const http::HeaderView& field);
  void on_request_end();
  /// The batch of body bytes that had come is passed on.
  void on_request_pause() {
    if (attempt_.stream() != nullptr) attempt_.stream()->flush();
  }
  void on_request_malformed(http::H1Error error);
  void on_request_timeout();
  /// The caller takes response body again.
  void on_caller_writable();
  /// The caller is gone: nothing may be sent to it any more.
  void on_caller_gone();

  // From its attempts; see attempt.h.
  void on_pool_full(Attempt& attempt, uint32_t used, uint32_t bound);
  void on_upstream_ready(Attempt& attempt);
  void on_upstream_failed(Attempt& attempt, const UpstreamFailure& failure);
  void on_response_head(Attempt& attempt);
  size_t on_response_body(std::string_view payload);
  void on_response_trailer(const http::HeaderView& field);
  void on_response_end(Attempt& attempt);
  void on_upstream_writable(Attempt& attempt);
  void on_response_pause() { downstream_->flush(); }

  // From the gate.
  void on_admitted(Permit permit);
  void on_refused(const Rejection& rejection);

  const Caller& caller() const noexcept { return *caller_; }
  bool response_begun() const noexcept { return response_begun_; }

 private:
  // An answer that is not passed on, because another try will be made, is read to its end up to
  // this size, so that its connection can be used again.
  static constexpr size_t kDiscardedMax = 64 * 1024;
  // Early hints passed on; an upstream that sends them without end makes us queue none of them.
  static constexpr int kHintsMax = 4;
  // A gRPC answer that still runs this long after its head is a stream: unary ones send head and
  // message together.
  static constexpr Duration kLastingAfter = std::chrono::seconds(1);

  void begin() noexcept;
  void admit();
  void admit_in_shadow();
  void dispatch();
  void choose_request_id() noexcept;
  ExplainFacts facts() const noexcept;
  void expect_response();
  void expect_progress();
  void finish_request();
  // In exchange_retry.cc.
  bool retry(TryEnding ending, const http::ResponseHead* answer);
  void retry_later(Outcome outcome);
  void retry_now();
  void replay();
  void discard(size_t size);
  void refuse(const Rejection& rejection);
  void send_refusal(const Rejection& rejection);
  void answer_fault(Fault fault, Outcome outcome, http::H1Error error = http::H1Error::kNone);
  void on_timer();
  void complete(Outcome outcome);
  void end_try(Outcome outcome, Instant upstream_end);
  void complete_at(Outcome outcome, Instant upstream_end);
  void begin_lasting() noexcept;
  void let_last();
  void recycle();

  Worker& worker_;
  DownstreamStream* downstream_ = nullptr;
  const Route* route_ = nullptr;        // null until one took it
  UpstreamService* service_ = nullptr;  // the route's
  Attempt attempt_{*this};
  const Caller* caller_ = nullptr;
  std::string_view request_id_;
  std::array<char, 128> id_text_;
  std::string_view method_text_;  // static: the head's own views end before the exchange does
  observe::ShortName path_;
  observe::TraceContext trace_;
  uint16_t response_status_ = 0;  // of the upstream's answer
  RequestContext context_;
  Deadline caller_deadline_;  // context_'s may be earlier, by the route's timeout
  Permit permit_;
  ReplayBuffer replay_;  // of a request with a body that may have to be sent again
  size_t replayed_ = 0;  // bytes of it that this try has sent
  net::Timer timer_;
  Instant started_at_{};
  Instant queued_at_{};
  Instant admitted_at_{};
  Instant head_at_{};
  Instant moved_at_{};
  Instant lasting_at_ = kInstantMax;  // when the answer counts as a stream that lasts
  Outcome outcome_ = Outcome::kIgnored;
  int attempts_ = 0;
  Duration retry_delay_{};
  size_t discarded_ = 0;
  int hints_ = 0;
  bool dispatched_ = false;      // an upstream was asked for
  bool request_begun_ = false;   // body bytes of it were asked for
  bool request_done_ = false;    // all of it has come from the caller
  bool replaying_ = false;       // this try still sends what an earlier one had sent
  bool discarding_ = false;      // the answer is not passed on: another try follows
  bool backing_off_ = false;     // between two tries
  bool timed_out_ = false;       // this try, for want of an answer
  bool response_begun_ = false;  // the final head went to the caller
  // The caller takes no more for now, since when, and for how long in all before that.
  bool caller_stalled_ = false;
  Instant stalled_since_{};
  Duration stalled_for_{};
};

}  // namespace weir::proxy
