#include "proxy/worker.h"

#include <random>
#include <utility>

#include "weir/base/assert.h"

namespace weir::proxy {
namespace {

// Request ids must differ between processes and workers; nothing here must be reproducible.
uint64_t random_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

Worker::Worker(uint16_t index, const Options& options, const Cluster& cluster, WakeOthers& others,
               observe::Log* log)
    : index_(index),
      options_(options),
      cluster_(cluster),
      others_(others),
      rng_(random_seed()),
      gate_(cluster.make_gate(index)),
      upstreams_(*this, cluster.endpoints()),
      refusal_log_(log, cluster.telemetry().upstream()),
      heartbeat_timer_(loop_.timers(), net::Callback::to<&Worker::beat>(this)),
      pump_timer_(loop_.timers(), net::Callback::to<&Worker::pump>(this)),
      drain_timer_(loop_.timers(), net::Callback::to<&Worker::stop>(this)),
      pump_task_(net::Callback::to<&Worker::pump>(this)),
      drain_task_(net::Callback::to<&Worker::begin_drain>(this)),
      stop_task_(net::Callback::to<&Worker::stop>(this)) {
  loop_.set_turn_end(net::Callback::to<&Worker::on_turn_end>(this));
  beat();
}

Worker::~Worker() {
  stop();
  graveyard_.clear();
  upstreams_.bury();
}

void Worker::listen(net::Fd socket) {
  net::AcceptHandler& self = *this;
  listener_ = std::make_unique<net::Listener>(loop_, std::move(socket), self);
}

void Worker::on_accept(net::Fd connection, const net::Address& peer) {
  connections_.emplace_front(*this, std::move(connection), peer);
  connections_.front().place = connections_.begin();
  connection_count_.store(connection_count() + 1, std::memory_order_relaxed);
  if (connection_count() >= options_.connections_max) listener_->pause();
}

void Worker::retire(DownstreamH1& connection) noexcept {
  graveyard_.splice(graveyard_.begin(), connections_, connection.place);
  connection_count_.store(connection_count() - 1, std::memory_order_relaxed);
  if (listener_ != nullptr && !draining_) listener_->resume();
}

Exchange& Worker::take_exchange() {
  if (free_exchanges_.empty()) {
    exchanges_.push_back(std::make_unique<Exchange>(*this));
    return *exchanges_.back();
  }
  Exchange& exchange = *free_exchanges_.back();
  free_exchanges_.pop_back();
  return exchange;
}

Permit Worker::admit_in_shadow(const RequestContext& context, Instant now) noexcept {
  auto permit = gate_->stack().admit(context, now);
  if (permit) return std::move(*permit);
  telemetry().would_refuse(index_, context.criticality, permit.error().reason);
  refusal_log_.would_refuse(permit.error(), policy_name(permit.error()), context.criticality, now);
  return {};
}

std::string_view Worker::policy_name(const Rejection& rejection) const noexcept {
  switch (rejection.reason) {
    case Reason::kQueueFull:
    case Reason::kQueueTimeout:
    case Reason::kShed: return "queue";
    case Reason::kDeadlinePassed:
    case Reason::kDeadlineInfeasible: return "deadline";
    case Reason::kPoolFull: return "pool";
    case Reason::kDraining: return "drain";
    case Reason::kConcurrencyLimit:
    case Reason::kPriority:
    case Reason::kBulkheadFull:
    case Reason::kBreakerOpen:
    case Reason::kRetryBudget:
    case Reason::kQuota:
    case Reason::kNoCredit: break;
  }
  const PolicyStack& stack = gate_->stack();
  const bool known = rejection.policy_index < stack.policy_count();
  return known ? stack.policy(rejection.policy_index).name() : "gate";
}

void Worker::on_completed(Outcome outcome, Duration latency) noexcept {
  pump_wanted_ = true;
  if (outcome != Outcome::kSuccess) return;
  gate_->observe_service(latency);
  cluster_.retry_budget().deposit(loop_.now());
}

bool Worker::may_retry() noexcept {
  const bool paid = cluster_.retry_budget().try_withdraw(loop_.now());
  telemetry().retried(index_, paid);
  return paid;
}

void Worker::admitted(QueueEntry& entry, Permit permit) noexcept {
  static_cast<Exchange&>(entry).on_admitted(std::move(permit));
}

void Worker::refused(QueueEntry& entry, const Rejection& rejection) noexcept {
  static_cast<Exchange&>(entry).on_refused(rejection);
}

void Worker::pump() {
  wake(gate_->pump(loop_.update_now(), *this));
  const Instant next = gate_->next_wakeup();
  if (next == Instant::min()) {
    pump_timer_.arm(loop_.now());
  } else {
    pump_timer_.arm(next);
  }
}

void Worker::on_turn_end() {
  while (std::exchange(pump_wanted_, false)) pump();
  graveyard_.clear();
  upstreams_.bury();
  if (draining_) end_drain_if_done();
}

void Worker::beat() {
  heartbeat_.store(loop_.now(), std::memory_order_relaxed);
  refusal_log_.beat(loop_.now());
  heartbeat_timer_.arm(loop_.now() + kHeartbeat);
}

void Worker::begin_drain() {
  if (std::exchange(draining_, true)) return;
  if (listener_ != nullptr) listener_->stop();
  for (auto next = connections_.begin(); next != connections_.end();) (next++)->drain();
  upstreams_.drain();
  drain_timer_.arm(loop_.now() + options_.timeouts.drain);
}

void Worker::end_drain_if_done() {
  if (connections_.empty()) loop_.stop();
}

void Worker::stop() {
  draining_ = true;
  if (listener_ != nullptr) listener_->stop();
  while (!connections_.empty()) connections_.front().close();
  upstreams_.drain();
  loop_.stop();
}

}  // namespace weir::proxy
