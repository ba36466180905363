// DemandRelay: the base of operators that leave items alone and shape the demand.
#pragma once

#include <atomic>
#include <concepts>
#include <memory>
#include <utility>

#include "weir/streams/demand.h"
#include "weir/streams/drain.h"
#include "weir/streams/flow.h"

namespace weir::streams {

/// Sits between a downstream's requests and its upstream. What grant() does not let through waits,
/// and is tried again at the next pump(). Both may be called from any thread; grant() runs
/// serially.
class DemandRelay : public Subscription, public std::enable_shared_from_this<DemandRelay> {
 public:
  /// By the upstream's on_subscribe, before any request.
  bool attach(const std::shared_ptr<Subscription>& up) noexcept { return accept_once(up_, up); }

  void request(uint64_t n) noexcept override {
    if (n == 0) {
      up_->request(0);  // the upstream knows what to do (§3.9)
      return;
    }
    pending_.add(n);
    pump();
  }
  void cancel() noexcept override {
    cancelled_.store(true, std::memory_order_release);
    up_->cancel();
  }

  /// Lets as much through as grant() allows now.
  void pump() noexcept {
    drain_.run([this] {
      const uint64_t wanted = pending_.value();
      if (wanted == 0 || cancelled()) return;
      const uint64_t granted = grant(wanted);
      if (granted == 0) return;
      pending_.sub(granted);
      up_->request(granted);
    });
  }

  /// An item of so many bytes has arrived; called by the upstream, one at a time.
  virtual void arrived(uint64_t /*bytes*/) noexcept {}
  /// The stream has ended.
  void ended() noexcept { cancelled_.store(true, std::memory_order_release); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

 protected:
  /// How many of the `wanted` (at least 1) items may be requested now.
  virtual uint64_t grant(uint64_t wanted) noexcept = 0;

 private:
  std::shared_ptr<Subscription> up_;
  DemandCounter pending_;
  std::atomic<bool> cancelled_{false};
  Drain drain_;
};

namespace detail {

template <typename T, std::derived_from<DemandRelay> Relay>
class RelaySubscriber final : public Subscriber<T> {
 public:
  RelaySubscriber(std::shared_ptr<Subscriber<T>> down, std::shared_ptr<Relay> relay)
      : down_(std::move(down)), relay_(std::move(relay)) {}

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    if (relay_->attach(up)) down_->on_subscribe(relay_);
  }
  void on_next(T item) noexcept override {
    const uint64_t bytes = item_bytes(item);
    down_->on_next(std::move(item));
    relay_->arrived(bytes);
  }
  bool try_next(T item) noexcept override {
    const uint64_t bytes = item_bytes(item);
    const bool used = down_->try_next(std::move(item));
    // To the relay an item is an item: one that used up no demand is asked for once more.
    relay_->arrived(bytes);
    if (!used) relay_->request(1);
    return true;
  }
  void flush() noexcept override { down_->flush(); }
  void on_error(StreamError error) noexcept override {
    relay_->ended();
    down_->on_error(std::move(error));
  }
  void on_complete() noexcept override {
    relay_->ended();
    down_->on_complete();
  }

 private:
  const std::shared_ptr<Subscriber<T>> down_;
  const std::shared_ptr<Relay> relay_;
};

}  // namespace detail

/// The flow `source` with its demand shaped by the relay that `make` returns for each subscription.
template <FlowLike P, typename Make>
auto relayed(P source, Make make) {
  using T = typename P::Item;
  return lift<T>([source = std::move(source), make = std::move(make)](auto down) {
    auto relay = make();
    using Relay = typename decltype(relay)::element_type;
    source.subscribe(std::make_shared<detail::RelaySubscriber<T, Relay>>(std::move(down), relay));
  });
}

}  // namespace weir::streams
