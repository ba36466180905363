// QueueStage: the bounded queue behind publish_on and on_backpressure_buffer.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/base/assert.h"
#include "weir/streams/byte_gate.h"
#include "weir/streams/demand.h"
#include "weir/streams/drain.h"
#include "weir/streams/flow.h"
#include "weir/streams/replenish.h"
#include "weir/streams/scheduler.h"
#include "weir/streams/spsc_ring.h"

namespace weir::streams {

/// Larger buffers are a mistake: memory bounded by 16 million items is not bounded in practice.
inline constexpr uint64_t kBufferItemsMax = uint64_t{1} << 24;

/// What a full queue does with the next item, when its upstream cannot be slowed down.
enum class Overflow : uint8_t {
  kError,       ///< cancel the upstream and end with StreamFault::kOverflow
  kDropNewest,  ///< drop the item that does not fit
};

struct QueueOptions {
  uint64_t items = 256;         ///< 1 to kBufferItemsMax
  uint64_t bytes = kUnbounded;  ///< by item_bytes(); exceeded by one item at most
  bool pull = true;             ///< ask the upstream for what fits; else for everything
  Overflow overflow = Overflow::kError;
};

/// A queue with one producer, the upstream, and one consumer, the drain, which runs on a worker or,
/// without one, on whichever thread has something to do. Items, then the terminal signal, in order:
/// an error does not overtake items. The downstream's request from inside on_next costs an
/// addition.
template <typename T>
class QueueStage final : public Subscriber<T>,
                         public Subscription,
                         public Task,
                         public std::enable_shared_from_this<QueueStage<T>> {
 public:
  QueueStage(std::shared_ptr<Subscriber<T>> down, std::shared_ptr<Worker> worker,
             QueueOptions options)
      : options_(options),
        publish_at_(std::clamp<uint64_t>(options.items / 4, 1, kPublishMax)),
        worker_(std::move(worker)),
        ring_(options.items),
        gate_(options.bytes),
        down_(std::move(down)),
        replenisher_(options.items) {
    WEIR_ASSERT(options.items >= 1 && options.items <= kBufferItemsMax && options.bytes >= 1);
  }

  // Upstream's side.

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    if (!accept_once(up_, up)) return;
    const auto keep = this->shared_from_this();
    drain_.enter();  // until on_subscribe has returned, nobody drains (§1.3)
    down_->on_subscribe(keep);
    start_drain();
    const uint64_t first = bounded_bytes() ? 1 : options_.items;
    up->request(options_.pull ? first : kUnbounded);
  }
  void on_next(T item) noexcept override {
    if (!push(std::move(item))) return;
    flush();
  }
  bool try_next(T item) noexcept override {
    if (push(std::move(item)) && ring_.unpublished() >= publish_at_) flush();
    return true;
  }
  void flush() noexcept override {
    if (ring_.unpublished() == 0) return;
    ring_.publish();
    schedule();
  }
  void on_error(StreamError error) noexcept override {
    if (!done_.load(std::memory_order_relaxed)) end(std::move(error));
  }
  void on_complete() noexcept override {
    if (!done_.load(std::memory_order_relaxed)) end(StreamError());
  }

  // Downstream's side.

  void request(uint64_t n) noexcept override {
    if (n == 0) illegal_.store(true, std::memory_order_release);
    if (n != 0 && emitter_.mine()) {
      credit_ = saturating_add(credit_, n);
    } else {
      inbox_.add(n);
      schedule();
    }
  }
  void cancel() noexcept override {
    if (cancelled_.exchange(true, std::memory_order_acq_rel)) return;
    up_->cancel();
    schedule();
  }

  /// The drain, on the worker.
  void run() noexcept override {
    const auto keep = this->shared_from_this();
    drain_.begin();
    for (int round = 0; round < kRoundsMax; ++round) {
      drain();
      if (drain_.leave()) return;
    }
    start_drain();  // the worker's other tasks have their turn
  }

 private:
  /// Items that become visible to the consumer at once in a burst: each publication moves a cache
  /// line between two cores, some 100 ns; 32 items share it.
  static constexpr uint64_t kPublishMax = 32;
  static constexpr int kRoundsMax = 16;

  bool bounded_bytes() const noexcept { return options_.bytes != kUnbounded; }

  bool push(T item) noexcept {
    if (done_.load(std::memory_order_relaxed)) return false;
    const uint64_t bytes = bounded_bytes() ? item_bytes(item) : 0;
    if (bounded_bytes() && !options_.pull && gate_.held() >= options_.bytes) return overflow();
    if (!ring_.push(std::move(item))) return overflow();
    if (bounded_bytes() && gate_.arrived(bytes) && options_.pull) up_->request(1);
    return true;
  }

  bool overflow() noexcept {
    if (options_.overflow == Overflow::kDropNewest) return false;
    up_->cancel();
    end(StreamError::fault(StreamFault::kOverflow, "the buffer is full (§1.1 or its own bound)"));
    return false;
  }

  void end(StreamError error) noexcept {
    error_ = std::move(error);
    ring_.publish();
    done_.store(true, std::memory_order_release);
    schedule();
  }

  void schedule() noexcept {
    if (drain_.enter()) start_drain();
  }
  void start_drain() noexcept {
    if (worker_ != nullptr) {
      worker_->post(this->shared_from_this());
    } else {
      run();
    }
  }

  void drain() noexcept {
    if (down_ == nullptr) return;
    emitter_.claim();
    credit_ = saturating_add(credit_, inbox_.take_all());
    // done_ before the size: what was pushed before the end is then counted.
    const bool done = done_.load(std::memory_order_acquire);
    uint64_t available = ring_.size();
    while (available != 0 && credit_ != 0 && !stopped()) {
      available -= emit(std::min(available, credit_));
      down_->flush();
    }
    emitter_.yield();
    if (stopped()) {
      stop();
    } else if (done && available == 0) {
      terminate();
    }
  }

  // At most `count` items; returns how many left the queue.
  uint64_t emit(uint64_t count) noexcept {
    uint64_t left = 0;
    while (left < count && !cancelled_.load(std::memory_order_relaxed)) {
      T item = ring_.take();
      ++left;
      if (bounded_bytes()) leave_bytes(item_bytes(item));
      if (down_->try_next(std::move(item))) --credit_;
      if (!bounded_bytes()) replenish();
    }
    return left;
  }

  void replenish() noexcept {
    const uint64_t more = replenisher_.used(1);
    if (more != 0 && options_.pull) up_->request(more);
  }
  void leave_bytes(uint64_t bytes) noexcept {
    if (gate_.left(bytes) && options_.pull) up_->request(1);
  }

  bool stopped() const noexcept {
    return cancelled_.load(std::memory_order_acquire) || illegal_.load(std::memory_order_acquire);
  }
  void stop() noexcept {
    const auto down = std::move(down_);  // §3.13
    if (!cancelled_.exchange(true, std::memory_order_acq_rel)) {
      up_->cancel();
      down->on_error(illegal_request());
    }
    ring_.clear();
  }
  void terminate() noexcept {
    const auto down = std::move(down_);
    if (cancelled_.exchange(true, std::memory_order_acq_rel)) return;
    if (error_) {
      down->on_error(std::move(error_));
    } else {
      down->on_complete();
    }
  }

  const QueueOptions options_;
  const uint64_t publish_at_;
  const std::shared_ptr<Worker> worker_;
  std::shared_ptr<Subscription> up_;
  SpscRing<T> ring_;
  ByteGate gate_;
  StreamError error_;  // written before done_
  std::atomic<bool> done_{false};

  alignas(kCacheLine) std::shared_ptr<Subscriber<T>> down_;  // the drain's, as are the next three
  uint64_t credit_ = 0;
  Replenisher replenisher_;
  Emitter emitter_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> illegal_{false};

  alignas(kCacheLine) DemandCounter inbox_;
  Drain drain_;
};

}  // namespace weir::streams
