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
#include "weir/streams/drain_stage.h"
#include "weir/streams/ending.h"
#include "weir/streams/flow.h"
#include "weir/streams/replenish.h"
#include "weir/streams/spsc_ring.h"
#include "weir/streams/upstream.h"

namespace weir::streams {

struct FlatMapOptions {
  uint64_t concurrency = 16;  ///< inner flows at a time; the outer flow is asked for no more
  uint64_t prefetch = 32;     ///< items asked of each inner flow, and buffered for it
};

namespace detail {

template <typename In, typename F>
using FlatMapped = typename std::decay_t<std::invoke_result_t<F&, In>>::Item;

/// Memory: concurrency × prefetch items at most. An error, of an inner flow or of the outer one,
/// comes after the items that came before it on the same flow, cancels the other flows and ends the
/// stream.
template <typename In, typename F>
class FlatMapStage final : public DrainStage<In, FlatMapped<In, F>, FlatMapStage<In, F>> {
  using Base = DrainStage<In, FlatMapped<In, F>, FlatMapStage>;
  friend Base;

 public:
  using Out = FlatMapped<In, F>;

  FlatMapStage(std::shared_ptr<Subscriber<Out>> down, F fn, FlatMapOptions options)
      : Base(std::move(down)),
        options_(options),
        fn_(std::move(fn)),
        arrivals_(options.concurrency) {
    WEIR_ASSERT(options.concurrency >= 1 && options.concurrency <= kBufferItemsMax);
    WEIR_ASSERT(options.prefetch >= 1 && options.prefetch <= kBufferItemsMax);
    inners_.reserve(options.concurrency);
    turns_.reserve(options.concurrency);
  }

  void on_next(In item) noexcept override {
    if (ending_.done() || down_.stopped()) return;
    auto inner = std::make_shared<Inner>(this->shared_from_this(), options_.prefetch);
    try {
      auto flow = fn_(std::move(item));
      if (!arrivals_.push(std::shared_ptr<Inner>(inner))) return fail_overflow();
      arrivals_.publish();
      flow.subscribe(std::move(inner));
    } catch (...) {
      fail(StreamError::current_exception());
    }
  }

 private:
  using Base::down_, Base::ending_, Base::up_;
  using Base::drain, Base::fail, Base::fail_overflow, Base::stop;

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
    void on_error(StreamError error) noexcept override {
      ring.publish();
      if (ending.end(std::move(error))) owner->ready(*this);
    }
    void on_complete() noexcept override { on_error(StreamError()); }

    void push(Out item) noexcept {
      if (ending.done() || ring.push(std::move(item))) return;
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
    Ending ending;
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

  uint64_t first_request() const noexcept { return options_.concurrency; }

  void look() noexcept {
    const bool outer_done = ending_.done();  // before the arrivals
    collect();
    if (!down_.present() || down_.stopped()) return let_go();
    down_.open();
    uint64_t finished = 0;
    while (!turns_.empty() && !down_.stopped()) {
      const size_t before = turns_.size();
      finished += take_turns();
      if (down_.present()) down_.flush();
      // Without credit the rest waits for a request; one may have come meanwhile.
      if (down_.credit() == 0 && turns_.size() == before) break;
    }
    down_.close();
    if (!down_.present() || down_.stopped()) return let_go();
    if (outer_done && inners_.empty()) return down_.finish(ending_.error());
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
    if (!down_.present()) return;
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
      if (down_.stopped() || !turn(inner, finished)) turns_[kept++] = &inner;
    }
    turns_.resize(kept);
    return finished;
  }

  // True when the flow has nothing more for now and has left the list.
  bool turn(Inner& inner, uint64_t& finished) noexcept {
    emit(inner);
    if (inner.ring.front() != nullptr) return false;
    // Reads who queued it last, so that what came before that is seen; what comes after it finds
    // the flow not queued. So look again, and take it back if there is something.
    inner.queued.exchange(false, std::memory_order_acq_rel);
    const bool done = inner.ending.done();
    if (inner.ring.front() != nullptr)
      return inner.queued.exchange(true, std::memory_order_acq_rel);
    // Whoever queues a flow holds a plain pointer to it: it may go only when nobody can queue it.
    if (!done || inner.queued.exchange(true, std::memory_order_acq_rel)) return true;
    const StreamError error = inner.ending.error();
    drop(inner);
    if (error) {
      if (!ending_.done()) up_->cancel();
      down_.finish(error);
    } else {
      ++finished;
    }
    return true;
  }

  void emit(Inner& inner) noexcept {
    uint64_t left = inner.ring.size();
    uint64_t used = 0;
    for (; left != 0 && down_.credit() != 0 && !down_.cancelled(); --left) {
      down_.emit(inner.ring.take());
      ++used;
    }
    if (used == 0 || inner.ending.done()) return;
    if (const uint64_t more = inner.replenisher.used(used); more != 0) inner.up.get().request(more);
  }

  void let_go() noexcept {
    stop();
    turns_.clear();
    ready_.store(nullptr, std::memory_order_relaxed);
    for (auto& inner : std::exchange(inners_, {}))
      if (!inner->ending.done()) inner->up.cancel();  // §2.3: not from on_error
  }

  const FlatMapOptions options_;
  F fn_;
  SpscRing<std::shared_ptr<Inner>> arrivals_;
  std::atomic<Inner*> ready_{nullptr};
  std::vector<std::shared_ptr<Inner>> inners_;  // the drain's, as is the next
  std::vector<Inner*> turns_;                   // of inners_, those that have something
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
