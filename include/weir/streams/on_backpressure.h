// on_backpressure_*: what to do with items of a source that does not wait to be asked.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "weir/streams/demand.h"
#include "weir/streams/drain_stage.h"
#include "weir/streams/flow.h"
#include "weir/streams/queue_stage.h"

namespace weir::streams {

struct BufferOptions {
  uint64_t items = 1024;
  uint64_t bytes = kUnbounded;
  Overflow overflow = Overflow::kError;
};

/// Asks for everything and keeps up to a bound of it, in items and in bytes. An item beyond the
/// bound ends the flow or is dropped, as `overflow` says.
inline auto on_backpressure_buffer(BufferOptions options = {}) {
  return [options]<FlowLike P>(P source) {
    using T = typename P::Item;
    return lift<T>([source = std::move(source), options](auto down) {
      const QueueOptions queue{.items = options.items,
                               .bytes = options.bytes,
                               .pull = false,
                               .overflow = options.overflow};
      source.subscribe(std::make_shared<QueueStage<T>>(std::move(down), nullptr, queue));
    });
  };
}

namespace detail {

/// The downstream's demand, which decides about each item on its arrival.
class GateDemand final : public Subscription {
 public:
  bool attach(const std::shared_ptr<Subscription>& up) noexcept { return accept_once(up_, up); }
  Subscription& up() const noexcept { return *up_; }

  void request(uint64_t n) noexcept override {
    if (n == 0) return up_->request(0);
    demand_.add(n);
    bell_.fetch_add(1, std::memory_order_release);
    bell_.notify_one();
  }
  void cancel() noexcept override {
    cancelled_.store(true, std::memory_order_release);
    up_->cancel();
    bell_.fetch_add(1, std::memory_order_release);
    bell_.notify_one();
  }

  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }
  bool open() const noexcept { return demand_.value() != 0 && !cancelled(); }
  void used() noexcept { demand_.sub(1); }

  /// Blocks until open() or cancelled.
  void wait() const noexcept {
    for (;;) {
      const uint32_t heard = bell_.load(std::memory_order_acquire);
      if (open() || cancelled()) return;
      bell_.wait(heard, std::memory_order_acquire);
    }
  }

 private:
  std::shared_ptr<Subscription> up_;
  DemandCounter demand_;
  std::atomic<bool> cancelled_{false};
  std::atomic<uint32_t> bell_{0};
};

/// `on_closed(item, gate, down)` sees to an item that nobody asked for; true: there is demand now.
template <typename T, typename OnClosed>
class GateSubscriber final : public Subscriber<T> {
 public:
  GateSubscriber(std::shared_ptr<Subscriber<T>> down, OnClosed on_closed)
      : down_(std::move(down)),
        gate_(std::make_shared<GateDemand>()),
        on_closed_(std::move(on_closed)) {}

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    if (!gate_->attach(up)) return;
    down_->on_subscribe(gate_);
    up->request(kUnbounded);
  }
  void on_next(T item) noexcept override {
    try_next(std::move(item));
    flush();
  }
  bool try_next(T item) noexcept override {
    if (ended_ || gate_->cancelled()) return true;
    if (!gate_->open() && !on_closed_(item, *gate_, [this](StreamError e) { fail(std::move(e)); }))
      return true;
    if (!gate_->cancelled() && down_->try_next(std::move(item))) gate_->used();
    return true;
  }
  void flush() noexcept override { down_->flush(); }
  void on_error(StreamError error) noexcept override {
    if (!std::exchange(ended_, true)) down_->on_error(std::move(error));
  }
  void on_complete() noexcept override {
    if (!std::exchange(ended_, true)) down_->on_complete();
  }

 private:
  void fail(StreamError error) noexcept {
    if (gate_->cancelled() || std::exchange(ended_, true)) return;
    gate_->up().cancel();
    down_->on_error(std::move(error));
  }

  const std::shared_ptr<Subscriber<T>> down_;
  const std::shared_ptr<GateDemand> gate_;
  OnClosed on_closed_;
  bool ended_ = false;
};

template <FlowLike P, typename OnClosed>
auto gated(P source, OnClosed on_closed) {
  using T = typename P::Item;
  return lift<T>([source = std::move(source), on_closed = std::move(on_closed)](auto down) {
    source.subscribe(std::make_shared<GateSubscriber<T, OnClosed>>(std::move(down), on_closed));
  });
}

struct IgnoreItem {
  void operator()(const auto&) const noexcept {}
};

}  // namespace detail

/// Drops items that nobody has asked for; `on_drop` sees each, for example to count it.
template <typename F = detail::IgnoreItem>
auto on_backpressure_drop(F on_drop = {}) {
  return [on_drop = std::move(on_drop)]<FlowLike P>(P source) {
    auto drop = [on_drop](auto& item, detail::GateDemand&, auto&&) mutable {
      on_drop(std::as_const(item));
      return false;
    };
    return detail::gated(std::move(source), std::move(drop));
  };
}

/// Ends with StreamFault::kOverflow at the first item that nobody has asked for.
inline auto on_backpressure_error() {
  return []<FlowLike P>(P source) {
    auto fail_flow = [](auto&, detail::GateDemand&, auto&& fail) {
      fail(StreamError::fault(StreamFault::kOverflow, "an item came before it was asked for"));
      return false;
    };
    return detail::gated(std::move(source), std::move(fail_flow));
  };
}

/// Blocks the source's thread until the item is asked for. Only for a source on a thread of its
/// own: the thread that would request must not be the one that waits.
inline auto on_backpressure_block() {
  return []<FlowLike P>(P source) {
    auto block = [](auto&, detail::GateDemand& gate, auto&&) {
      gate.wait();
      return true;
    };
    return detail::gated(std::move(source), std::move(block));
  };
}

namespace detail {

/// The newest item and no other, between one writer and one reader: three places, so that each side
/// has one of its own and the third changes hands (triple buffering).
template <typename T>
class LatestSlot {
 public:
  void put(T item) noexcept {
    places_[writing_].emplace(std::move(item));
    writing_ = shared_.exchange(writing_ | kFresh, std::memory_order_acq_rel) & kPlace;
  }
  bool fresh() const noexcept { return (shared_.load(std::memory_order_acquire) & kFresh) != 0; }
  /// Only if fresh().
  T take() noexcept {
    reading_ = shared_.exchange(reading_, std::memory_order_acq_rel) & kPlace;
    T item = std::move(*places_[reading_]);
    places_[reading_].reset();
    return item;
  }

 private:
  static constexpr uint32_t kPlace = 3;
  static constexpr uint32_t kFresh = 4;

  std::optional<T> places_[3];
  uint32_t writing_ = 0;
  std::atomic<uint32_t> shared_{1};
  uint32_t reading_ = 2;
};

template <typename T>
class LatestStage final : public DrainStage<T, T, LatestStage<T>> {
  using Base = DrainStage<T, T, LatestStage>;
  friend Base;

 public:
  using Base::Base;

  void on_next(T item) noexcept override {
    slot_.put(std::move(item));
    drain();
  }

 private:
  using Base::down_, Base::ending_, Base::drain, Base::stop;

  uint64_t first_request() const noexcept { return kUnbounded; }

  void look() noexcept {
    if (!down_.present()) return;
    const bool done = ending_.done();  // before the slot
    down_.open();
    while (down_.wants() && slot_.fresh()) down_.emit(slot_.take());
    down_.close();
    down_.flush();
    if (down_.stopped()) {
      stop();
    } else if (done && !slot_.fresh()) {
      down_.finish(ending_.error());
    }
  }

  LatestSlot<T> slot_;
};

}  // namespace detail

/// Keeps the newest item for a downstream that is not ready, and drops the ones before it.
inline auto on_backpressure_latest() {
  return []<FlowLike P>(P source) {
    using T = typename P::Item;
    return lift<T>([source = std::move(source)](auto down) {
      source.subscribe(std::make_shared<detail::LatestStage<T>>(std::move(down)));
    });
  };
}

}  // namespace weir::streams
