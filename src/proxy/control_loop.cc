#include "proxy/control_loop.h"

#include <algorithm>
#include <cmath>

namespace weir::proxy {

ControlLoop::ControlLoop(net::EventLoop& loop, const Cluster& cluster, WakeOthers& others,
                         uint16_t workers, observe::Registry& registry, observe::EventRing* events,
                         observe::Log* log, Recorder* recorder)
    : loop_(loop),
      cluster_(cluster),
      others_(others),
      workers_(workers),
      registry_(registry),
      events_(events),
      log_(log),
      recorder_(recorder),
      logged_limit_(cluster.limiter().limit()),
      timer_(loop.timers(), net::Callback::to<&ControlLoop::tick>(this)) {
  last_move_ = cluster_.limiter().last_move();
  if (recorder_ != nullptr)
    recorded_as_ =
        recorder_->add_upstream(cluster_.name(), cluster_.limiter(), observe::system_wall_clock());
  timer_.arm(loop_.now() + kTickMin);
}

LimitMove ControlLoop::last_move() const {
  const std::lock_guard lock(mutex_);
  return last_move_;
}

void ControlLoop::tick() {
  const Instant now = loop_.update_now();
  Limiter& limiter = cluster_.limiter();
  HostSignals signals;
  signals.queued = cluster_.waiting();
  signals.withheld = cluster_.withheld();
  limiter.set_signals(signals);
  const uint32_t before = limiter.limit();
  if (const auto change = limiter.tick(now)) {
    inflight_peak_.store(change->window.inflight_peak, std::memory_order_relaxed);
    if (recorder_ != nullptr) recorder_->record(recorded_as_, *change);
    tell(*change);
  }
  if (limiter.limit() != before) cluster_.follow_limit();
  if (limiter.limit() > before) {
    const uint64_t waiting = cluster_.waiting_mask();
    for (int worker = 0; worker < workers_; ++worker)
      if ((waiting >> worker & 1) != 0) others_.wake(worker);
  }
  watch_breaker();
  timer_.arm(std::max(limiter.next_tick(), now + kTickMin));
}

void ControlLoop::tell(const LimitChange& change) {
  if (!change.changed()) return;
  {
    const std::lock_guard lock(mutex_);
    last_move_ = change;
  }
  observe::ControlEvent event;
  event.kind = observe::EventKind::kLimitChange;
  event.at = change.at;
  event.wall_ns = observe::system_wall_clock();
  event.upstream = std::string_view(cluster_.name());
  event.before = change.before;
  event.after = change.after;
  event.cause = to_string(change.cause);
  cluster_.limit_note().write({event.wall_ns, change.before, change.after, event.cause});
  size_t used = 0;
  const auto& names = cluster_.limiter().law().figure_names();
  for (; used < names.size() && !names[used].empty(); ++used)
    event.figures[used] = {names[used].data(), change.figures[used]};
  // What the law was shown, as far as a person wants to see it.
  const WindowStats& window = change.window;
  event.figures[used++] = {"throughput_per_second", window.throughput_per_second()};
  event.figures[used++] = {"inflight_peak", static_cast<double>(window.inflight_peak)};
  event.figures[used++] = {"latency_median_ms", to_seconds(window.latency.quantile(0.5)) * 1e3};
  event.figures[used++] = {"dropped", static_cast<double>(window.dropped)};
  if (events_ != nullptr) events_->put(event);
  const double moved = std::abs(double{event.after} - logged_limit_);
  if (log_ == nullptr || moved < kLoggedShare * logged_limit_) return;
  logged_limit_ = change.after;
  log_->write(observe::LogLevel::kInfo, "limit_changed", "the concurrency limit moved",
              {{"upstream", cluster_.name()},
               {"before", int64_t{change.before}},
               {"after", int64_t{change.after}},
               {"cause", std::string_view(event.cause)}});
}

void ControlLoop::watch_breaker() {
  const Breaker* breaker = cluster_.breaker();
  if (breaker == nullptr || breaker->generation() == breaker_generation_) return;
  std::array<BreakerTransition, Breaker::kHistory> news;
  const size_t count = breaker->transitions_after(breaker_generation_, news);
  for (size_t i = 0; i < count; ++i) {
    tell(news[i]);
    breaker_generation_ = news[i].generation;
  }
}

void ControlLoop::tell(const BreakerTransition& transition) {
  const char* to = to_string(transition.to);
  const char* cause = to_string(transition.cause);
  registry_.counter(observe::Metric::kBreakerTransitions, {cluster_.name(), to, cause}).add(0);
  observe::ControlEvent event;
  event.kind = observe::EventKind::kBreakerTransition;
  event.at = transition.at;
  event.wall_ns = observe::system_wall_clock();
  event.upstream = std::string_view(cluster_.name());
  event.before = static_cast<double>(transition.from);
  event.after = static_cast<double>(transition.to);
  event.cause = cause;
  event.figures[0] = {"calls", static_cast<double>(transition.calls)};
  event.figures[1] = {"failed_ratio", transition.failed_permille / 1e3};
  event.figures[2] = {"slow_ratio", transition.slow_permille / 1e3};
  event.figures[3] = {"lasts_seconds", to_seconds(transition.until - transition.at)};
  if (events_ != nullptr) events_->put(event);
  if (log_ == nullptr) return;
  log_->write(observe::LogLevel::kWarning, "breaker_changed", "the breaker changed its state",
              {{"upstream", cluster_.name()},
               {"to", std::string_view(to)},
               {"cause", std::string_view(cause)},
               {"calls", int64_t{transition.calls}},
               {"failed_permille", int64_t{transition.failed_permille}},
               {"slow_permille", int64_t{transition.slow_permille}}});
}

}  // namespace weir::proxy
