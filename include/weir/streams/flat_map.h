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

/// Memory: concurrency × prefetch items at most. An error, of an inner flow or of the outer one,
/// comes after the items that came before it on the same flow, cancels the other flows and ends the
/// stream.
template <typename In, typename F>
class FlatMapStage final : public Subscriber<In>,
                           public Subscription,
                           public std::enable_shared_from_this<FlatMapStage<In, F>> {
 public:
  using Inside = std::decay_t<std::invoke_result_t<F&, In>>;
  using Out = typename Inside::Item;

  FlatMapStage(std::shared_ptr<Subscriber<Out>> down, F fn, FlatMapOptions options)
      : options_(options),
        fn_(std::move(fn)),
        arrivals_(options.concurrency),
        down_(std::move(down)) {
    WEIR_ASSERT(options.concurrency >= 1 && options.concurrency <= kBufferItemsMax);
    WEIR_ASSERT(options.prefetch >= 1 && options.prefetch <= kBufferItemsMax);
    inners_.reserve(options.concurrency);
    turns_.reserve(options.concurrency);
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
      owner->ready(*this);
    }
    void on_error(StreamError reason) noexcept override {
      if (done.load(std::memory_order_relaxed)) return;
      error = std::move(reason);
      on_complete();
    }
    void on_complete() noexcept override {
      ring.publish();
      done.store(true, std::memory_order_release);
      owner->ready(*this);
    }

    void push(Out item) noexcept {
      if (done.load(std::memory_order_relaxed) || ring.push(std::move(item))) return;
      up.cancel();
      on_error(StreamError::fault(StreamFault::kOverflow, "more items than requested (§1.1)"));
    }

    const std::shared_ptr<FlatMapStage> owner;
    const uint64_t burst;
    std::atomic<bool> queued{false};  // in ready_
    Inner* next = nullptr;            // in ready_
    size_t index = 0;                 // in inners_; the drain's
    UpstreamSlot up;
    SpscRing<Out> ring;
    Replenisher replenisher;  // the drain's
    StreamError error;        // written before done
    std::atomic<bool> done{false};
  };

  // The inner flow has something to look at. It goes into a list, so that a turn costs as much as
  // there are flows with something, not as there are flows.
  void ready(Inner& inner) noexcept {
    if (!inner.queued.exchange(true, std::memory_order_acq_rel)) {
      inner.next = ready_.load(std::memory_order_relaxed);
      while (!ready_.compare_exchange_weak(inner.next, &inner, std::memory_order_release,
                                           std::memory_order_relaxed)) {
      }
    }
    drain();
  }

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
    collect();
    if (down_ == nullptr || stopped()) return stop();
    emitter_.claim();
    credit_ = saturating_add(credit_, inbox_.take_all());
    uint64_t finished = 0;
    while (!turns_.empty() && !stopped()) {
      const size_t before = turns_.size();
      finished += take_turns();
      if (down_ != nullptr) down_->flush();
      // Without credit the rest waits for a request; one may have come meanwhile.
      if (credit_ == 0 && turns_.size() == before) break;
    }
    emitter_.yield();
    if (down_ == nullptr || stopped()) return stop();
    if (outer_done && inners_.empty()) return terminate(outer_error_);
    if (finished != 0 && !outer_done) up_->request(finished);
  }

  void adopt(std::shared_ptr<Inner> inner) noexcept {
    inner->index = inners_.size();
    inners_.push_back(std::move(inner));
  }
  void drop(Inner& inner) noexcept {
    const size_t hole = inner.index;
    inners_.back()->index = hole;
    std::swap(inners_[hole], inners_.back());
    inners_.pop_back();
  }

  // Adopts new flows, and appends to turns_ who has become ready, in the order of their becoming
  // so. The list is taken before the arrivals, so whoever is in it has been adopted.
  void collect() noexcept {
    Inner* newest = ready_.exchange(nullptr, std::memory_order_acquire);
    while (arrivals_.front() != nullptr) adopt(arrivals_.take());
    if (down_ == nullptr) return;
    const size_t begin = turns_.size();
    for (; newest != nullptr; newest = newest->next) turns_.push_back(newest);
    std::reverse(turns_.begin() + static_cast<std::ptrdiff_t>(begin), turns_.end());
  }

  // One turn for each flow in turns_; who still has items stays. Returns how many flows finished.
  uint64_t take_turns() noexcept {
    uint64_t finished = 0;
    size_t kept = 0;
    for (size_t i = 0; i < turns_.size(); ++i) {
      Inner& inner = *turns_[i];
      if (down_ == nullptr || stopped() || !turn(inner, finished)) turns_[kept++] = &inner;
    }
    turns_.resize(kept);
    return finished;
  }

  // True when the flow has nothing more for now and has left the list.
  bool turn(Inner& inner, uint64_t& finished) noexcept {
    emit(inner);
    if (inner.ring.front() != nullptr) return false;
    inner.queued.store(false, std::memory_order_seq_cst);
    // What came before the store did not queue the flow: look again, and take it back if so.
    const bool done = inner.done.load(std::memory_order_seq_cst);
    if (inner.ring.front() != nullptr)
      return inner.queued.exchange(true, std::memory_order_acq_rel);
    // Whoever queues a flow holds a plain pointer to it: it may go only when nobody can queue it.
    if (!done || inner.queued.exchange(true, std::memory_order_acq_rel)) return true;
    const StreamError error = inner.error;
    drop(inner);
    if (error) {
      terminate(error);
    } else {
      ++finished;
    }
    return true;
  }

  void emit(Inner& inner) noexcept {
    uint64_t left = inner.ring.size();
    uint64_t used = 0;
    for (; left != 0 && credit_ != 0 && !cancelled_.load(std::memory_order_relaxed); --left) {
      if (down_->try_next(inner.ring.take())) --credit_;
      ++used;
    }
    if (used == 0 || inner.done.load(std::memory_order_relaxed)) return;
    if (const uint64_t more = inner.replenisher.used(used); more != 0) inner.up.get().request(more);
  }

  bool stopped() const noexcept {
    return cancelled_.load(std::memory_order_acquire) || illegal_.load(std::memory_order_acquire);
  }
  void stop() noexcept {
    if (down_ != nullptr && !cancelled_.load(std::memory_order_acquire))
      terminate(illegal_request());
    down_.reset();  // §3.13
    turns_.clear();
    ready_.store(nullptr, std::memory_order_relaxed);
    for (auto& inner : std::exchange(inners_, {}))
      if (!inner->done.load(std::memory_order_acquire))
        inner->up.cancel();  // §2.3: not from on_error
  }
  void terminate(const StreamError& error) noexcept {
    const auto down = std::move(down_);
    if (cancelled_.exchange(true, std::memory_order_acq_rel)) return;
    if (error) {
      if (!outer_done_.load(std::memory_order_acquire)) up_->cancel();
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
  std::atomic<Inner*> ready_{nullptr};
  Drain drain_;

  std::shared_ptr<Subscriber<Out>> down_;  // the drain's, as are the next four
  std::vector<std::shared_ptr<Inner>> inners_;
  std::vector<Inner*> turns_;  // of inners_, those that have something
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
