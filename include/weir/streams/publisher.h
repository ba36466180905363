// The four interfaces of Reactive Streams 1.0.4 for C++. Rules are cited as §section.number, after
// the specification's README (1 publisher, 2 subscriber, 3 subscription, 4 processor).
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "weir/streams/error.h"

namespace weir::streams {

/// Demand without bound (§3.17 lets a publisher treat 2^63 − 1 and more so).
inline constexpr uint64_t kUnbounded = UINT64_MAX;

/// One subscriber's tie to one publisher. request and cancel may be called from any thread, also at
/// the same time, also from inside on_subscribe and on_next (§3.2); neither blocks nor calls back
/// deeper than one level (§3.3, §3.4). A stream must end, by a terminal signal or by cancel: until
/// then the two sides own each other.
class Subscription {
 public:
  virtual ~Subscription() = default;

  /// Allows `n` more items; demand adds up and saturates at kUnbounded (§3.8, §3.17). n = 0 ends
  /// the stream with StreamFault::kIllegalRequest (§3.9). No effect after cancel (§3.6).
  virtual void request(uint64_t n) noexcept = 0;

  /// Asks the publisher to stop and to forget the subscriber (§3.12, §3.13). Items that are on
  /// their way may still arrive. Idempotent (§3.5, §3.7).
  virtual void cancel() noexcept = 0;
};

/// Receives on_subscribe, then at most as many on_next as it requested (§1.1), then at most one of
/// on_error and on_complete (§1.7). The publisher calls one at a time (§1.3). Signals return
/// normally (§2.13), which noexcept makes a property of the type: a subscriber that throws ends the
/// process.
template <typename T>
class Subscriber {
 public:
  using Item = T;
  virtual ~Subscriber() = default;

  /// First signal, once (§1.9, §2.12). A second subscription is cancelled by the receiver (§2.5).
  virtual void on_subscribe(std::shared_ptr<Subscription> subscription) noexcept = 0;
  virtual void on_next(T item) noexcept = 0;
  virtual void on_error(StreamError error) noexcept = 0;
  virtual void on_complete() noexcept = 0;

  /// Burst protocol, an addition of this library which a subscriber may ignore. A publisher that
  /// has several items at hand may call try_next for each and then flush, instead of on_next for
  /// each. Returns whether the item used up demand: a filter that drops it says no, and the
  /// publisher goes on without a request(1). The publisher calls flush, or a terminal signal,
  /// before it stops emitting.
  virtual bool try_next(T item) noexcept {
    on_next(std::move(item));
    return true;
  }
  virtual void flush() noexcept {}
};

/// Provides items to any number of subscribers, to each at its own demand. subscribe may be called
/// from any thread; nullptr is a programmer's error (§1.9). It calls on_subscribe before any other
/// signal and may do so before it returns.
template <typename T>
class Publisher {
 public:
  using Item = T;
  virtual ~Publisher() = default;
  virtual void subscribe(std::shared_ptr<Subscriber<T>> subscriber) = 0;
};

/// Both a subscriber and a publisher, under both contracts (§4.1). It may recover from an error or
/// pass it on (§4.2); those of this library pass it on unchanged.
template <typename T, typename R = T>
class Processor : public Subscriber<T>, public Publisher<R> {};

/// §2.5: takes `incoming` into `slot` if it is the first, else cancels it and returns false.
inline bool accept_once(std::shared_ptr<Subscription>& slot,
                        const std::shared_ptr<Subscription>& incoming) noexcept {
  if (slot == nullptr) {
    slot = incoming;
    return true;
  }
  incoming->cancel();
  return false;
}

/// A subscription of a stream that has ended before it began: §1.9 wants one before every terminal.
class EmptySubscription final : public Subscription {
 public:
  void request(uint64_t) noexcept override {}
  void cancel() noexcept override {}
};

}  // namespace weir::streams
