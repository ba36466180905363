// The retries of an exchange: retry_policy.h decides, the budget pays, and here it happens.
#include <algorithm>
#include <utility>

#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace weir::proxy {

// Whether there will be another try, in retry_delay_. The budget is asked last and before the
// back-off, so that retries that wait are counted.
bool Exchange::retry(TryEnding ending, const http::ResponseHead* answer) {
  const RetryOptions& options = service_->cluster().options().retry;
  if (answer != nullptr && !options.has_status(answer->status)) return false;
  TryFacts facts;
  facts.ending = ending;
  if (answer != nullptr) {
    facts.status = answer->status;
    facts.pushback = pushback_of(answer->headers);
  }
  facts.tries = attempts_;
  facts.repeatable = is_repeatable(request);
  facts.replayable = !request_begun_ || replay_.whole();
  facts.is_retry = is_retry(request.headers);
  facts.left = context_.deadline.remaining(worker_.loop().now());
  const RetryDecision decision = decide_retry(options, facts, worker_.rng());
  if (!decision.retry) return false;
  const bool paid = service_->may_retry();
  route_->telemetry.retried(worker_.index(), paid);
  retry_delay_ = decision.delay;
  return paid;
}

// The try is over, its place is free; the next asks the gate anew when the back-off has passed.
void Exchange::retry_later(Outcome outcome) {
  discarding_ = false;
  end_try(outcome, worker_.loop().update_now());
  backing_off_ = true;
  timer_.arm(worker_.loop().now() + retry_delay_);
}

// On the same permit: the upstream has not seen this request.
void Exchange::retry_now() {
  service_->pool().end_try(attempt_, {});
  ++attempts_;
  service_->pool().open(attempt_);
}

// Sends what earlier tries have sent, then goes on with what the caller still has.
void Exchange::replay() {
  replaying_ = true;
  const std::string_view rest = replay_.body().substr(std::exchange(replayed_, 0));
  const size_t taken = attempt_.stream()->send_body(rest);
  if (taken < rest.size()) {
    replayed_ = replay_.body().size() - rest.size() + taken;
    return attempt_.stream()->flush();
  }
  replaying_ = false;
  if (request_done_) return finish_request();
  attempt_.stream()->flush();
  downstream_->resume_body();
}

// The end of a large answer that nobody wants is not worth waiting for: the timer cuts it off,
// since the stream must not be cancelled from within its own callback.
void Exchange::discard(size_t size) {
  discarded_ += size;
  if (discarded_ > kDiscardedMax) timer_.arm(worker_.loop().now());
}

}  // namespace weir::proxy
