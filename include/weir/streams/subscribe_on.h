// subscribe_on: the upstream is subscribed to, and asked, on another thread.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "weir/streams/demand.h"
#include "weir/streams/drain.h"
#include "weir/streams/flow.h"
#include "weir/streams/scheduler.h"
#include "weir/streams/upstream.h"

namespace weir::streams {

namespace detail {

/// The downstream's subscription: carries requests to the worker. A cancel goes straight up,
/// because the worker may be inside the upstream's loop.
template <typename P>
class SubscribeOnRelay final : public Subscription,
                               public Task,
                               public std::enable_shared_from_this<SubscribeOnRelay<P>> {
 public:
  using T = typename P::Item;

  SubscribeOnRelay(P source, std::shared_ptr<Worker> worker)
      : source_(std::move(source)), worker_(std::move(worker)) {}

  /// Before the downstream hears of this: what it requests meanwhile waits for launch().
  void prepare(std::shared_ptr<Subscriber<T>> target) noexcept {
    target_ = std::move(target);
    drain_.enter();
  }
  /// Posts the subscription of the target, which ends in arrived().
  void launch() noexcept { worker_->post(this->shared_from_this()); }

  bool arrived(std::shared_ptr<Subscription> up) noexcept {
    if (!up_.set(std::move(up))) return false;
    schedule();
    return true;
  }

  void request(uint64_t n) noexcept override {
    if (worker_runs_.mine() && up_.ready()) {
      up_.get().request(n);  // already there: no need to travel
      return;
    }
    if (n == 0) illegal_.store(true, std::memory_order_release);
    inbox_.add(n);
    schedule();
  }
  void cancel() noexcept override { up_.cancel(); }

  void run() noexcept override {
    const auto keep = this->shared_from_this();
    worker_runs_.claim();
    drain_.begin();
    do {
      if (target_ != nullptr) source_.subscribe(std::exchange(target_, nullptr));
      forward();
    } while (!drain_.leave());
    worker_runs_.yield();
  }

 private:
  void schedule() noexcept {
    if (drain_.enter()) worker_->post(this->shared_from_this());
  }
  void forward() noexcept {
    if (!up_.ready()) return;
    if (illegal_.exchange(false, std::memory_order_acq_rel)) up_.get().request(0);
    if (const uint64_t n = inbox_.take_all(); n != 0) up_.get().request(n);
  }

  P source_;
  const std::shared_ptr<Worker> worker_;
  std::shared_ptr<Subscriber<T>> target_;  // until it has been subscribed
  UpstreamSlot up_;
  DemandCounter inbox_;
  std::atomic<bool> illegal_{false};
  Emitter worker_runs_;
  Drain drain_;
};

/// The upstream's subscriber: passes signals on as they come.
template <typename P>
class SubscribeOnTarget final : public Subscriber<typename P::Item> {
 public:
  using T = typename P::Item;
  SubscribeOnTarget(std::shared_ptr<Subscriber<T>> down, std::shared_ptr<SubscribeOnRelay<P>> relay)
      : down_(std::move(down)), relay_(std::move(relay)) {}

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    relay_->arrived(std::move(up));
  }
  void on_next(T item) noexcept override { down_->on_next(std::move(item)); }
  bool try_next(T item) noexcept override { return down_->try_next(std::move(item)); }
  void flush() noexcept override { down_->flush(); }
  void on_error(StreamError error) noexcept override { down_->on_error(std::move(error)); }
  void on_complete() noexcept override { down_->on_complete(); }

 private:
  const std::shared_ptr<Subscriber<T>> down_;
  const std::shared_ptr<SubscribeOnRelay<P>> relay_;
};

}  // namespace detail

/// Subscribes on a worker of `scheduler` and carries requests there, so a source that emits when it
/// is asked emits on that worker. The scheduler must outlive the flow's subscriptions.
inline auto subscribe_on(Scheduler& scheduler) {
  return [&scheduler]<FlowLike P>(P source) {
    using T = typename P::Item;
    return lift<T>([source = std::move(source), &scheduler](std::shared_ptr<Subscriber<T>> down) {
      auto relay = std::make_shared<detail::SubscribeOnRelay<P>>(source, scheduler.worker());
      relay->prepare(std::make_shared<detail::SubscribeOnTarget<P>>(down, relay));
      down->on_subscribe(relay);
      relay->launch();
    });
  };
}

}  // namespace weir::streams
