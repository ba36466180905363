// Downstream: the one subscriber of an operator that keeps items.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/streams/demand.h"
#include "weir/streams/drain.h"
#include "weir/streams/publisher.h"

namespace weir::streams {

/// The subscriber, what it may still get, and whether it has stopped. request and cancel may be
/// called from any thread; everything else belongs to the drain, which is serial.
template <typename T>
class Downstream {
 public:
  Downstream() noexcept = default;
  explicit Downstream(std::shared_ptr<Subscriber<T>> to) noexcept : to_(std::move(to)) {}

  // Any thread.

  /// Adds demand, or notes that §3.9 was broken. True: the drain has to look. From inside on_next
  /// it is a plain addition, which the drain in progress sees: then false.
  bool request(uint64_t n) noexcept {
    if (n == 0) illegal_.store(true, std::memory_order_release);
    if (n != 0 && emitter_.mine()) {
      credit_ = saturating_add(credit_, n);
      return false;
    }
    inbox_.add(n);
    return true;
  }

  /// True the first time, and not after the end: then the upstream is to be cancelled, and the
  /// drain has to look.
  bool cancel() noexcept { return !cancelled_.exchange(true, std::memory_order_acq_rel); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

  /// Nothing may be emitted any more: cancelled, ended, or §3.9 was broken.
  bool stopped() const noexcept { return cancelled() || illegal_.load(std::memory_order_acquire); }

  // The drain's.

  /// For who gets its subscriber later than it is made.
  void join(std::shared_ptr<Subscriber<T>> to) noexcept { to_ = std::move(to); }
  bool present() const noexcept { return to_ != nullptr; }
  void on_subscribe(std::shared_ptr<Subscription> self) noexcept {
    to_->on_subscribe(std::move(self));
  }

  /// Takes over what was requested. Until close() a request from inside on_next goes to credit()
  /// and wakes nobody, so the caller looks at credit() again after each emit().
  void open() noexcept {
    emitter_.claim();
    credit_ = saturating_add(credit_, inbox_.take_all());
  }
  void close() noexcept { emitter_.yield(); }

  uint64_t credit() const noexcept { return credit_; }
  bool wants() const noexcept { return credit_ != 0 && !stopped(); }
  void emit(T item) noexcept {
    if (to_->try_next(std::move(item))) --credit_;
  }
  void flush() noexcept { to_->flush(); }

  /// Lets go of who has stopped (§3.13). Who broke §3.9 is told so, after `cancel_upstream`.
  template <typename CancelUpstream>
  void stop(CancelUpstream&& cancel_upstream) noexcept {
    const auto to = std::move(to_);
    if (to == nullptr || !cancel()) return;
    cancel_upstream();
    to->on_error(illegal_request());
  }

  /// Signals the end, empty for completion, and lets go (§3.13). Silent after a cancel (§1.8).
  void finish(const StreamError& error) noexcept {
    const auto to = std::move(to_);
    if (!cancel()) return;
    if (error) {
      to->on_error(error);
    } else {
      to->on_complete();
    }
  }

 private:
  std::shared_ptr<Subscriber<T>> to_;
  uint64_t credit_ = 0;  // the drain's part of the demand
  Emitter emitter_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> illegal_{false};
  DemandCounter inbox_;  // everybody's part of it
};

}  // namespace weir::streams
