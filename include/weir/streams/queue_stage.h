// QueueStage: the bounded queue behind publish_on and on_backpressure_buffer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/base/assert.h"
#include "weir/streams/byte_gate.h"
#include "weir/streams/demand.h"
#include "weir/streams/drain_stage.h"
#include "weir/streams/replenish.h"
#include "weir/streams/scheduler.h"
#include "weir/streams/spsc_ring.h"

namespace weir::streams {

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
class QueueStage final : public DrainStage<T, T, QueueStage<T>>, public Task {
  using Base = DrainStage<T, T, QueueStage<T>>;
  friend Base;

 public:
  QueueStage(std::shared_ptr<Subscriber<T>> down, std::shared_ptr<Worker> worker,
             QueueOptions options)
      : Base(std::move(down)),
        options_(options),
        publish_at_(std::clamp<uint64_t>(options.items / 4, 1, kPublishMax)),
        worker_(std::move(worker)),
        ring_(options.items),
        gate_(options.bytes),
        replenisher_(options.items) {
    WEIR_ASSERT(options.items >= 1 && options.items <= kBufferItemsMax && options.bytes >= 1);
  }

  void on_next(T item) noexcept override {
    if (push(std::move(item))) flush();
  }
  bool try_next(T item) noexcept override {
    if (push(std::move(item)) && ring_.unpublished() >= publish_at_) flush();
    return true;
  }
  void flush() noexcept override {
    if (ring_.unpublished() == 0) return;
    ring_.publish();
    drain();
  }
  void on_error(StreamError error) noexcept override {
    ring_.publish();
    end(std::move(error));
  }
  void on_complete() noexcept override {
    ring_.publish();
    end(StreamError());
  }

  /// To let go of the subscriber signals nothing, so it does not wait for the worker (§3.13).
  void cancel() noexcept override {
    if (!down_.cancel()) return;
    up_->cancel();
    if (drain_.enter()) run();
  }

  /// The drain, on the worker.
  void run() noexcept override {
    const auto keep = this->shared_from_this();
    drain_.begin();
    for (int round = 0; round < kRoundsMax; ++round) {
      look();
      if (drain_.leave()) return;
    }
    start_drain();  // the worker's other tasks have their turn
  }

 private:
  using Base::down_, Base::drain_, Base::ending_, Base::up_;
  using Base::drain, Base::end, Base::fail, Base::stop;

  /// Items that become visible to the consumer at once in a burst: each publication moves a cache
  /// line between two cores, some 100 ns; 32 items share it.
  static constexpr uint64_t kPublishMax = 32;
  static constexpr int kRoundsMax = 16;

  bool bounded_bytes() const noexcept { return options_.bytes != kUnbounded; }
  uint64_t first_request() const noexcept {
    if (!options_.pull) return kUnbounded;
    return bounded_bytes() ? 1 : options_.items;
  }

  bool push(T item) noexcept {
    if (ending_.done()) return false;
    const uint64_t bytes = bounded_bytes() ? item_bytes(item) : 0;
    if (bounded_bytes() && !options_.pull && gate_.held() >= options_.bytes) return overflow();
    if (!ring_.push(std::move(item))) return overflow();
    if (bounded_bytes() && gate_.arrived(bytes) && options_.pull) up_->request(1);
    return true;
  }

  bool overflow() noexcept {
    if (options_.overflow == Overflow::kDropNewest) return false;
    fail(StreamError::fault(StreamFault::kOverflow, "the buffer is full (§1.1 or its own bound)"));
    return false;
  }

  void start_drain() noexcept {
    if (worker_ != nullptr) {
      worker_->post(this->shared_from_this());
    } else {
      run();
    }
  }

  void look() noexcept {
    if (!down_.present()) return;
    down_.open();
    const bool done = ending_.done();  // before the size
    uint64_t available = ring_.size();
    while (available != 0 && down_.wants()) {
      available -= emit(std::min(available, down_.credit()));
      down_.flush();
    }
    down_.close();
    if (down_.stopped()) {
      stop();
      ring_.clear();
    } else if (done && available == 0) {
      down_.finish(ending_.error());
    }
  }

  // At most `count` items; returns how many left the queue.
  uint64_t emit(uint64_t count) noexcept {
    uint64_t left = 0;
    while (left < count && !down_.cancelled()) {
      T item = ring_.take();
      ++left;
      if (bounded_bytes()) leave_bytes(item_bytes(item));
      down_.emit(std::move(item));
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

  const QueueOptions options_;
  const uint64_t publish_at_;
  const std::shared_ptr<Worker> worker_;
  SpscRing<T> ring_;
  ByteGate gate_;
  Replenisher replenisher_;  // the drain's
};

}  // namespace weir::streams
