#include "lab/load.h"

#include <algorithm>
#include <utility>

namespace weir::lab {

struct Load::Visit {
  Visit(Load& owner, Duration when)
      : load(owner),
        intended(when),
        pause(owner.loop_.timers(), net::Callback::to<&Visit::on_pause_over>(this)) {}

  void on_pause_over() { load.resume(*this); }

  Load& load;
  Duration intended;
  int attempts = 0;
  net::Timer pause;  // before an attempt that obeys Retry-After
};

Load::Load(net::EventLoop& loop, HttpClient& client, std::string request, ArrivalPlan plan,
           ClientHabits habits, Duration bucket, std::function<void()> done)
    : loop_(loop),
      client_(client),
      request_(std::move(request)),
      plan_(std::move(plan)),
      habits_(habits),
      done_(std::move(done)),
      // Answers may come this long after the plan's end.
      stats_(plan_.length() + habits.timeout * (std::min(habits.retries, kRetriesMax) + 1), bucket),
      timer_(loop.timers(), net::Callback::to<&Load::on_timer>(this)) {
  habits_.retries = std::clamp(habits_.retries, 0, kRetriesMax);
}

Load::~Load() = default;

void Load::start() {
  started_ = loop_.update_now();
  next_ = plan_.next();
  timer_.arm(started_ + next_.value_or(Duration::zero()));
}

void Load::on_timer() {
  while (next_ && started_ + *next_ <= loop_.now()) {
    lag_max_ = std::max(lag_max_, loop_.now() - (started_ + *next_));
    stats_.sent(*next_);
    ++outstanding_;
    attempt(std::make_shared<Visit>(*this, *next_), started_ + *next_ + habits_.timeout);
    next_ = plan_.next();
  }
  if (next_) {
    timer_.arm(started_ + *next_);
  } else {
    finish_if_over();
  }
}

void Load::attempt(const std::shared_ptr<Visit>& visit, Instant deadline) {
  ++visit->attempts;
  stats_.attempt(elapsed());
  client_.call(request_, deadline, [this, visit](const Reply& reply) { on_reply(visit, reply); });
}

void Load::on_reply(const std::shared_ptr<Visit>& visit, const Reply& reply) {
  CallEnd how = CallEnd::kBroken;
  if (reply.kind == Reply::Kind::kTimedOut) how = CallEnd::kTimedOut;
  if (reply.kind == Reply::Kind::kAnswered) how = end_of_status(reply.status);
  if (how == CallEnd::kOk || visit->attempts > habits_.retries) {
    return end(*visit, how, reply.status);
  }
  const Duration wait =
      habits_.obeys_retry_after ? std::min(reply.retry_after, kRetryAfterMax) : Duration::zero();
  if (wait == Duration::zero()) return attempt(visit, loop_.now() + habits_.timeout);
  visit->pause.arm(loop_.now() + wait);
  paused_.emplace(visit.get(), visit);
}

void Load::resume(Visit& visit) {
  const auto node = paused_.extract(&visit);
  attempt(node.mapped(), loop_.now() + habits_.timeout);
}

void Load::end(const Visit& visit, CallEnd how, int status) {
  stats_.ended({visit.intended, elapsed(), how, status});
  --outstanding_;
  finish_if_over();
}

void Load::finish_if_over() {
  if (next_ || outstanding_ > 0 || !done_) return;
  loop_.post(std::exchange(done_, nullptr));
}

}  // namespace weir::lab
