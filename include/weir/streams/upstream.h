// UpstreamSlot: a subscription that others may cancel before it has arrived.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "weir/streams/publisher.h"

namespace weir::streams {

/// Holds the subscription of an upstream that was subscribed to on some other thread. set() is
/// called by the upstream, once (§2.5 is seen to); cancel() by anybody, before or after. Whichever
/// comes second does the cancelling. Lock-free.
class UpstreamSlot {
 public:
  /// False if the slot was cancelled or taken before; `up` has been cancelled then.
  bool set(std::shared_ptr<Subscription> up) noexcept {
    if (ready()) {
      up->cancel();
      return false;
    }
    up_ = std::move(up);
    ready_.store(true, std::memory_order_seq_cst);
    if (!cancelled_.load(std::memory_order_seq_cst)) return true;
    up_->cancel();
    return false;
  }

  void cancel() noexcept {
    cancelled_.store(true, std::memory_order_seq_cst);
    if (ready_.load(std::memory_order_seq_cst)) up_->cancel();
  }

  bool ready() const noexcept { return ready_.load(std::memory_order_acquire); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

  /// Valid once ready().
  Subscription& get() const noexcept { return *up_; }

 private:
  std::shared_ptr<Subscription> up_;  // written before ready_
  std::atomic<bool> ready_{false};
  std::atomic<bool> cancelled_{false};
};

}  // namespace weir::streams
