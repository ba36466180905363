// flat_map: each item becomes a flow; the flows run side by side and their items are merged.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/base/assert.h"
#include "weir/streams/demand.h"
#include "weir/streams/drain.h"
#include "weir/streams/flow.h"
#include "weir/streams/queue_stage.h"
#include "weir/streams/replenish.h"
#include "weir/streams/spsc_ring.h"
#include "weir/streams/upstream.h"

namespace weir::streams {

struct FlatMapOptions {
  uint64_t concurrency = 16;  ///< inner flows at a time; the outer flow is asked for no more
  uint64_t prefetch = 32;     ///< items asked of each inner flow, and buffered for it
};

namespace detail {

/// Memory: concurrency × prefetch items at most. An error, of an inner flow or of the outer one, comes
/// after the items that came before it on the same flow, cancels the other flows and ends the stream.
template <typename In, typename F>
class FlatMapStage final : public Subscriber<In>,
                           public Subscription,
                           public std::enable_shared_from_this<FlatMapStage<In, F>> {
 public:
  using Inside = std::decay_t<std::invoke_result_t<F&, In>>;
  using Out = typename Inside::Item;

  FlatMapStage(std::shared_ptr<Subscriber<Out>> down, F fn, FlatMapOptions options)
      : options_(options), fn_(std::move(fn)), arrivals_(options.concurrency), down_(std::move(down)) {
    WEIR_ASSERT(options.concurrency >= 1 && options.concurrency <= kBufferItemsMax);
    WEIR_ASSERT(options.prefetch >= 1 && options.prefetch <= kBufferItemsMax);
    inners_.reserve(options.concurrency);
  }

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    if (!accept_once(up_, up)) return;
    const auto keep = this->shared_from_this();
    drain_.enter();  // until on_subscribe has returned, nobody drains (§1.3)
    down_->on_subscribe(keep);
    drain_entered();
    up->request(options_.concurrency);
  }
  void on_next(In item) noexcept override {
    if (outer_done_.load(std::memory_order_relaxed) || stopped()) return;
    auto inner = std::make_shared<Inner>(this->shared_from_this(), options_.prefetch);
    try {
      Inside flow = fn_(std::move(item));
      if (!arrivals_.push(std::shared_ptr<Inner>(inner))) return overflow();
      arrivals_.publish();
      flow.subscribe(std::move(inner));
    } catch (...) {
      up_->cancel();
      end(StreamError::current_exception());
    }
  }
  void on_error(StreamError error) noexcept override {
    if (!outer_done_.load(std::memory_order_relaxed)) end(std::move(error));
  }
  void on_complete() noexcept override {
    if (!outer_done_.load(std::memory_order_relaxed)) end(StreamError());
  }

  void request(uint64_t n) noexcept override {
    if (n == 0) illegal_.store(true, std::memory_order_release);
    if (n != 0 && emitter_.mine()) {
      credit_ = saturating_add(credit_, n);
    } else {
      inbox_.add(n);
      drain();
    }
  }
  void cancel() noexcept override {
    if (cancelled_.exchange(true, std::memory_order_acq_rel)) return;
    up_->cancel();
    drain();
  }

 private:
  struct Inner final : Subscriber<Out> {
    Inner(std::shared_ptr<FlatMapStage> stage, uint64_t prefetch)
        : owner(std::move(stage)),
          burst(std::max<uint64_t>(1, prefetch / 2)),
          ring(prefetch),
          replenisher(prefetch) {}

    void on_subscribe(std::shared_ptr<Subscription> subscription) noexcept override {
      if (up.set(std::move(subscription))) up.get().request(ring.capacity());
    }
    void on_next(Out item) noexcept override {
      push(std::move(item));
      flush();
    }
    bool try_next(Out item) noexcept override {
      push(std::move(item));
      if (ring.unpublished() >= burst) flush();
      return true;
    }
    void flush() noexcept override {
      if (ring.unpublished() == 0) return;
      ring.publish();
      owner->drain();
    }
    void on_error(StreamError reason) noexcept override {
      if (done.load(std::memory_order_relaxed)) return;
      error = std::move(reason);
      on_complete();
    }
    void on_complete() noexcept override {
      ring.publish();
      done.store(true, std::memory_order_release);
      owner->drain();
    }

    void push(Out item) noexcept {
      if (done.load(std::memory_order_relaxed) || ring.push(std::move(item))) return;
      up.cancel();
      on_error(StreamError::fault(StreamFault::kOverflow, "more items than requested (§1.1)"));
    }

    const std::shared_ptr<FlatMapStage> owner;
    const uint64_t burst;
    UpstreamSlot up;
    SpscRing<Out> ring;
    Replenisher replenisher;  // the drain's
    StreamError error;        // written before done
    std::atomic<bool> done{false};
  };

  void overflow() noexcept {
    up_->cancel();
    end(StreamError::fault(StreamFault::kOverflow, "more items than requested (§1.1)"));
  }
  void end(StreamError error) noexcept {
    outer_error_ = std::move(error);
    outer_done_.store(true, std::memory_order_release);
    drain();
  }

  void drain() noexcept {
    const auto keep = this->shared_from_this();
    if (drain_.enter()) drain_entered();
  }
  void drain_entered() noexcept {
    drain_.begin();
    do {
      look();
    } while (!drain_.leave());
  }

  // Everything there is to do at the moment.
  void look() noexcept {
    const bool outer_done = outer_done_.load(std::memory_order_acquire);
    while (arrivals_.front() != nullptr) inners_.push_back(arrivals_.take());
    if (down_ == nullptr || stopped()) return stop();
    emitter_.claim();
    credit_ = saturating_add(credit_, inbox_.take_all());
    bool sound = true;
    do {
      moved_ = false;
      sound = emit_all();
    } while (sound && moved_ && credit_ != 0 && !stopped());  // a request may have come meanwhile
    emitter_.yield();
    if (!sound || stopped()) return stop();
    const auto finished = static_cast<uint64_t>(std::erase(inners_, nullptr));
    if (outer_done && inners_.empty()) return terminate(outer_error_);
    if (finished != 0 && !outer_done) up_->request(finished);
  }

  // One turn for each inner flow, beginning after the one that was first the last time. False when the
  // stream has ended with an error.
  bool emit_all() noexcept {
    const size_t count = inners_.size();
    if (count == 0) return true;
    first_ = (first_ + 1) % count;
    for (size_t i = 0; i < count && !stopped(); ++i) {
      auto& inner = inners_[(first_ + i) % count];
      if (inner == nullptr) continue;
      const bool done = inner->done.load(std::memory_order_acquire);
      emit(*inner);
      if (!done || inner->ring.front() != nullptr) continue;
      if (inner->error) {
        const StreamError error = inner->error;
        inner.reset();
        terminate(error);
        return false;
      }
      inner.reset();
    }
    down_->flush();
    return true;
  }

  void emit(Inner& inner) noexcept {
    uint64_t left = inner.ring.size();
    uint64_t used = 0;
    for (; left != 0 && credit_ != 0 && !cancelled_.load(std::memory_order_relaxed); --left) {
      if (down_->try_next(inner.ring.take())) --credit_;
      ++used;
    }
    moved_ |= used != 0;
    if (used == 0 || inner.done.load(std::memory_order_relaxed)) return;
    if (const uint64_t more = inner.replenisher.used(used); more != 0) inner.up.get().request(more);
  }

  bool stopped() const noexcept {
    return cancelled_.load(std::memory_order_acquire) || illegal_.load(std::memory_order_acquire);
  }
  void stop() noexcept {
    if (down_ != nullptr && !cancelled_.load(std::memory_order_acquire)) terminate(illegal_request());
    down_.reset();  // §3.13
    for (auto& inner : std::exchange(inners_, {}))
      if (inner != nullptr) inner->up.cancel();
  }
  void terminate(const StreamError& error) noexcept {
    const auto down = std::move(down_);
    if (cancelled_.exchange(true, std::memory_order_acq_rel)) return;
    if (error) {
      up_->cancel();
      down->on_error(error);
    } else {
      down->on_complete();
    }
  }

  const FlatMapOptions options_;
  F fn_;
  std::shared_ptr<Subscription> up_;
  SpscRing<std::shared_ptr<Inner>> arrivals_;
  StreamError outer_error_;  // written before outer_done_
  std::atomic<bool> outer_done_{false};
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> illegal_{false};
  DemandCounter inbox_;
  Drain drain_;

  std::shared_ptr<Subscriber<Out>> down_;  // the drain's, as are the next five
  std::vector<std::shared_ptr<Inner>> inners_;
  size_t first_ = 0;
  bool moved_ = false;
  uint64_t credit_ = 0;
  Emitter emitter_;
};

}  // namespace detail

/// Subscribes to fn(item), a flow, for each item: `concurrency` of them at a time, each asked for
/// `prefetch` items ahead. Items of one inner flow keep their order; flows take turns.
template <typename F>
auto flat_map(F fn, FlatMapOptions options = {}) {
  return [fn = std::move(fn), options]<FlowLike P>(P source) {
    using Stage = detail::FlatMapStage<typename P::Item, F>;
    return lift<typename Stage::Out>([source = std::move(source), fn, options](auto down) {
      source.subscribe(std::make_shared<Stage>(std::move(down), fn, options));
    });
  };
}

}  // namespace weir::streams
